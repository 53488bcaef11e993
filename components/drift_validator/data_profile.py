"""Counts of a data set, kept with a model so that later data can be compared with its training data."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from typing_extensions import Self

from components.common.iterables import forget_rare
from components.keys import DATA_PROFILE_FILE
from components.text.folding import fold
from components.text.spans import spans
from components.text.words import OFFSETS, WORDS

_LENGTH_ENDS = (5, 10, 15, 20, 30, 50, 100)  # tokens; the last bucket is open
_MOST_VALUES = 1000  # per column
_MOST_WORDS = 200_000
_MOST_COUNTED = 1_000_000  # words or values in memory, some 100 MB


@dataclass
class DataProfile:
    """Counts over sentences; the profiles of parts add up to the profile of the whole.

    Of more than a million different words, or values of a column, rare ones are forgotten.

    Attributes:
        sentences: number of sentences.
        tokens: number of tokens, cut as in serving, so that a corpus and logged requests can be compared.
        labels: entities by type.
        lengths: sentences by bucket of their number of tokens.
        columns: metadata column -> sentences by value.
        words: tokens of the training split, folded as in the word vocabulary.
        held_out_words: tokens of all other splits, folded.
        tokenizer: tokenizer of the model.

    Example:
        >>> profile = DataProfile()
        >>> profile.add("Joe Biden visited Paris", ["B-PER", "I-PER", "O", "B-LOC"])
        >>> profile.labels
        Counter({'PER': 1, 'LOC': 1})
        >>> profile.lengths
        Counter({'0-5': 1})
    """

    sentences: int = 0
    tokens: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)
    columns: dict[str, Counter[str]] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    held_out_words: Counter[str] = field(default_factory=Counter)
    tokenizer: str = WORDS

    def add(
        self,
        sentence: str,
        tags: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        held_out: bool = False,
    ) -> None:
        """Counts one sentence.

        Args:
            sentence: its text.
            tags: IOB2 tags of any tokenization; empty for an unlabelled sentence.
            columns: its metadata.
            held_out: True for a sentence outside the training split.
        """
        tokens = [fold(sentence[start:end]) for start, end in OFFSETS[self.tokenizer](sentence)]
        self.sentences += 1
        self.tokens += len(tokens)
        self.labels.update(span.type for span in spans(list(tags)))
        self.lengths[_length_bucket(len(tokens))] += 1
        words = self.held_out_words if held_out else self.words
        words.update(tokens)
        forget_rare(words, _MOST_COUNTED)
        for name, value in (columns or {}).items():
            self._count_value(name, {value: 1})

    def merge(self, other: DataProfile) -> None:
        """Adds the counts of another part, which has the same tokenizer unless this one is empty."""
        self.tokenizer = self.tokenizer if self.sentences else other.tokenizer
        self.sentences += other.sentences
        self.tokens += other.tokens
        for name in ("labels", "lengths", "words", "held_out_words"):
            counts = getattr(self, name)
            counts.update(getattr(other, name))
            forget_rare(counts, _MOST_COUNTED)
        for name, values in other.columns.items():
            self._count_value(name, values)

    def _count_value(self, column: str, values: Mapping[str, int]) -> None:
        counts = self.columns.setdefault(column, Counter())
        counts.update(values)
        forget_rare(counts, _MOST_COUNTED)

    def unknown_share(self, of: DataProfile | None = None) -> float | None:
        """Returns the share of tokens that are missing from the training split.

        Args:
            of: the data set whose tokens are looked up; None: the held-out splits of this one.

        Returns:
            0 to 1; None if there are no tokens to look up, or no training split.
        """
        looked_up = self.held_out_words if of is None else of.words + of.held_out_words
        total = looked_up.total()
        if not total or not self.words:
            return None
        return sum(count for word, count in looked_up.items() if word not in self.words) / total

    def to_json(self) -> str:
        """Returns the profile as JSON, with only the most frequent words and column values."""
        words = {"words": self.words, "held_out_words": self.held_out_words}
        values = {
            **{part.name: getattr(self, part.name) for part in fields(self)},
            **{name: dict(counts.most_common(_MOST_WORDS)) for name, counts in words.items()},
            "columns": {name: dict(counts.most_common(_MOST_VALUES)) for name, counts in self.columns.items()},
        }
        return json.dumps(values, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads the output of `to_json`.

        Raises:
            ValueError: the text has another form.
        """
        values = json.loads(text)
        if not isinstance(values, dict) or set(values) != {part.name for part in fields(cls)}:
            raise ValueError("not a data profile of this version")
        counters = {name: Counter(value) for name, value in values.items() if isinstance(value, dict)}
        columns = {name: Counter(counts) for name, counts in values["columns"].items()}
        return cls(**{**values, **counters, "columns": columns})

    @classmethod
    def read(cls, folder: str | Path) -> Self | None:
        """Reads the profile in a folder; returns None if it is missing or of another version."""
        try:
            return cls.from_json(Path(folder, DATA_PROFILE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


def _length_bucket(length: int) -> str:
    index = bisect_left(_LENGTH_ENDS, length)
    if index == len(_LENGTH_ENDS):
        return f">{_LENGTH_ENDS[-1]}"
    return f"{_LENGTH_ENDS[index - 1] + 1 if index else 0}-{_LENGTH_ENDS[index]}"
