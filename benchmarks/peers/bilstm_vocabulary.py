"""From tokens to the ids that the BiLSTM-CRF reads, and from ids to tags."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.peers.bioes import to_bioes
from benchmarks.peers.word_forms import normalized

PAD, UNK = 0, 1
CASES = 8
"""Case classes, 0 for padding."""

_LONGEST_WORD = 30  # characters; what is beyond says little and pads the whole batch


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """What has ids.

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
        """Makes the ways back."""
        object.__setattr__(self, "_word_ids", {word: i for i, word in enumerate(self.words, start=2)})
        object.__setattr__(self, "_char_ids", {char: i for i, char in enumerate(self.chars, start=2)})

    @classmethod
    def build(cls, tokens: Iterable[Sequence[str]], tags: Iterable[Sequence[str]]) -> Vocabulary:
        """Collects what the training split holds, in sorted order: the same corpus gives the same ids."""
        sentences = list(tokens)
        counts = Counter(normalized(token) for sentence in sentences for token in sentence)
        words = sorted(counts)
        chars = sorted({char for sentence in sentences for token in sentence for char in token})
        bioes = sorted({tag for sentence in tags for tag in to_bioes(sentence)})
        singletons = frozenset(i for i, word in enumerate(words, start=2) if counts[word] == 1)
        return cls(tuple(words), tuple(chars), tuple(bioes), singletons)

    def word_ids(self, tokens: Sequence[str]) -> list[int]:
        """Ids of words, 1 for what training did not have."""
        known: dict[str, int] = vars(self)["_word_ids"]
        return [known.get(normalized(token), UNK) for token in tokens]

    def char_ids(self, token: str) -> list[int]:
        """Ids of a token's characters, as many as count."""
        known: dict[str, int] = vars(self)["_char_ids"]
        return [known.get(char, UNK) for char in token[:_LONGEST_WORD]]

    def tag_ids(self, tags: Sequence[str]) -> list[int]:
        """Ids of IOB2 tags."""
        known = {tag: i for i, tag in enumerate(self.tags)}
        return [known[tag] for tag in to_bioes(tags)]

    def to_dict(self) -> dict[str, Any]:
        """Returns all of it ready for JSON; singletons matter in training only and stay out."""
        return {"words": self.words, "chars": self.chars, "tags": self.tags}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Vocabulary:
        """Reads what `to_dict` gave."""
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
