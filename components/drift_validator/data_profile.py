"""What is remembered of a data set, to see later whether new data is still like it."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from components.text.spans import spans
from components.text.words import whitespace_offsets, word_offsets

FILE_NAME = "data_profile.json"

_LENGTH_ENDS = (5, 10, 15, 20, 30, 50, 100)  # tokens; the last bucket is open
_MOST_VALUES = 1000  # of a column
_MOST_WORDS = 200_000
_DIGIT = re.compile(r"\d")


@dataclass
class DataProfile:
    """Counts over sentences; profiles of parts add up to that of the whole.

    Attributes:
        sentences: how many.
        tokens: how many, cut as serving cuts raw text, so that a corpus and logged requests can be compared.
        labels: entities by type.
        lengths: sentences by bucket of their number of tokens.
        columns: metadata column -> sentences by value.
        words: tokens of the training split, case and digits folded.
        held_out_words: the same of all other splits.
    """

    sentences: int = 0
    tokens: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)
    columns: dict[str, Counter[str]] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    held_out_words: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        sentence: str,
        tags: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        held_out: bool = False,
        tokenizer: str = "words",
    ) -> None:
        """Counts one sentence.

        Args:
            sentence: its text.
            tags: IOB2, of whatever tokens it was labelled on; none where it is not labelled.
            columns: its metadata.
            held_out: whether it is of another split than the training split.
            tokenizer: `words` or `whitespace`.
        """
        offsets = word_offsets(sentence) if tokenizer == "words" else whitespace_offsets(sentence)
        tokens = [fold(sentence[start:end]) for start, end in offsets]
        self.sentences += 1
        self.tokens += len(tokens)
        self.labels.update(span.type for span in spans(list(tags)))
        self.lengths[_length_bucket(len(tokens))] += 1
        (self.held_out_words if held_out else self.words).update(tokens)
        for name, value in (columns or {}).items():
            self.columns.setdefault(name, Counter())[value] += 1

    def merge(self, other: DataProfile) -> None:
        """Adds the counts of another part."""
        self.sentences += other.sentences
        self.tokens += other.tokens
        for name in ("labels", "lengths", "words", "held_out_words"):
            getattr(self, name).update(getattr(other, name))
        for name, counts in other.columns.items():
            self.columns.setdefault(name, Counter()).update(counts)

    def unknown_share(self, of: DataProfile | None = None) -> float | None:
        """The share of tokens that the training split does not have, which a tagger reads as unknown.

        Args:
            of: a data set whose tokens are all looked up; None for this one's own held out splits.

        Returns:
            0 to 1; None where there is no token to look up, or no training split.
        """
        looked_up = self.held_out_words if of is None else of.words + of.held_out_words
        total = looked_up.total()
        if not total or not self.words:
            return None
        return sum(count for word, count in looked_up.items() if word not in self.words) / total

    def to_json(self) -> str:
        """The profile as text; of rare words and values only the most frequent are kept."""
        words = {"words": self.words, "held_out_words": self.held_out_words}
        values = {
            **{part.name: getattr(self, part.name) for part in fields(self)},
            **{name: dict(counts.most_common(_MOST_WORDS)) for name, counts in words.items()},
            "columns": {name: dict(counts.most_common(_MOST_VALUES)) for name, counts in self.columns.items()},
        }
        return json.dumps(values, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what `to_json` wrote.

        Raises:
            ValueError: it is not that.
        """
        values = json.loads(text)
        if not isinstance(values, dict) or set(values) != {part.name for part in fields(cls)}:
            raise ValueError("this is no profile of data as this version writes it")
        counters = {name: Counter(value) for name, value in values.items() if isinstance(value, dict)}
        columns = {name: Counter(counts) for name, counts in values["columns"].items()}
        return cls(**{**values, **counters, "columns": columns})

    @classmethod
    def read(cls, folder: str | Path) -> Self | None:
        """The profile in a folder; None if there is none, or one that this version cannot read."""
        try:
            return cls.from_json(Path(folder, FILE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


def fold(token: str) -> str:
    """A token as the word vocabulary has it: lower case, digits as 0."""
    return _DIGIT.sub("0", token.lower())


def _length_bucket(length: int) -> str:
    place = bisect_left(_LENGTH_ENDS, length)
    if place == len(_LENGTH_ENDS):
        return f">{_LENGTH_ENDS[-1]}"
    return f"{_LENGTH_ENDS[place - 1] + 1 if place else 0}-{_LENGTH_ENDS[place]}"
