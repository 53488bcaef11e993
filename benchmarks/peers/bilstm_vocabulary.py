"""Ids of words, characters and BIOES tags for the BiLSTM-CRF."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.peers.word_forms import normalized
from components.text.spans import spans
from components.text.tags import OUTSIDE, split_tag

PAD, UNK = 0, 1
CASES = 8
"""Case classes, 0 for padding."""

_LONGEST_WORD = 30  # characters; the rest says little and pads the whole batch


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Words, characters and tags with ids.

    Attributes:
        words: normalized words of the training split; the first has id 2.
        chars: characters of the training split; the first has id 2.
        tags: BIOES tags; the first has id 0.
        singletons: ids of words that occur once.
    """

    words: tuple[str, ...]
    chars: tuple[str, ...]
    tags: tuple[str, ...]
    singletons: frozenset[int]

    def __post_init__(self) -> None:
        """Builds the reverse lookups."""
        object.__setattr__(self, "_word_ids", {word: i for i, word in enumerate(self.words, start=2)})
        object.__setattr__(self, "_char_ids", {char: i for i, char in enumerate(self.chars, start=2)})

    @classmethod
    def build(cls, tokens: Iterable[Sequence[str]], tags: Iterable[Sequence[str]]) -> Vocabulary:
        """Collects words, characters and tags in sorted order, so that equal corpora give equal ids."""
        sentences = list(tokens)
        counts = Counter(normalized(token) for sentence in sentences for token in sentence)
        words = sorted(counts)
        chars = sorted({char for sentence in sentences for token in sentence for char in token})
        bioes = sorted({tag for sentence in tags for tag in to_bioes(sentence)})
        singletons = frozenset(i for i, word in enumerate(words, start=2) if counts[word] == 1)
        return cls(tuple(words), tuple(chars), tuple(bioes), singletons)

    def word_ids(self, tokens: Sequence[str]) -> list[int]:
        """Returns ids of words, 1 for unknown words."""
        known: dict[str, int] = vars(self)["_word_ids"]
        return [known.get(normalized(token), UNK) for token in tokens]

    def char_ids(self, token: str) -> list[int]:
        """Returns ids of a token's first characters."""
        known: dict[str, int] = vars(self)["_char_ids"]
        return [known.get(char, UNK) for char in token[:_LONGEST_WORD]]

    def tag_ids(self, tags: Sequence[str]) -> list[int]:
        """Returns ids of IOB2 tags."""
        known = {tag: i for i, tag in enumerate(self.tags)}
        return [known[tag] for tag in to_bioes(tags)]

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON values, without the singletons, which only training uses."""
        return {"words": self.words, "chars": self.chars, "tags": self.tags}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Vocabulary:
        """Reads the values of `to_dict`."""
        return cls(tuple(values["words"]), tuple(values["chars"]), tuple(values["tags"]), frozenset())


def case_id(token: str) -> int:
    """Returns the case class of a token, 1 to 7: digits, lower, UPPER, Title, miXed, has a digit, no letter."""
    if token.isdigit():
        return 1
    if not any(char.isalpha() for char in token):
        return 7
    if any(char.isdigit() for char in token):
        return 6
    for number, holds in enumerate((token.islower(), token.isupper(), token.istitle()), start=2):
        if holds:
            return number
    return 5


def to_bioes(tags: Sequence[str]) -> list[str]:
    """Converts IOB2 tags to BIOES: S-X for an entity of one token, E-X for the last token of a longer one.

    `components.text.tags.to_iob2` converts back.

    Example:
        >>> to_bioes(["B-X", "O", "B-Y", "I-Y"])
        ['S-X', 'O', 'B-Y', 'E-Y']
    """
    bioes = [tag if not split_tag(tag)[0] else OUTSIDE for tag in tags]
    for span in spans(tags):
        inside = range(span.start + 1, span.end - 1)
        if span.end - span.start == 1:
            bioes[span.start] = f"S-{span.type}"
            continue
        bioes[span.start], bioes[span.end - 1] = f"B-{span.type}", f"E-{span.type}"
        for index in inside:
            bioes[index] = f"I-{span.type}"
    return bioes


def may_follow(before: str | None, after: str | None) -> bool:
    """Tells whether one BIOES tag may follow another.

    Args:
        before: first tag; None for the start of the sentence.
        after: second tag; None for the end of the sentence.
    """
    prefix_before, kind_before = split_tag(before) if before else ("", "")
    prefix, kind = split_tag(after) if after else ("", "")
    if prefix_before in ("B", "I"):  # an entity is open
        return prefix in ("I", "E") and kind == kind_before
    return prefix not in ("I", "E")
