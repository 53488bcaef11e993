"""Tags as numbers, so that a batch of sentences is scored by arrays and not tag by tag."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from components.text.tags import split_tag

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
"""Codes of prefixes. A prefix of another scheme than IOB2 is outside, as in `components.text.spans`."""

_PREFIXES = {"B": BEGIN, "I": INSIDE}


class _Ids(dict[bytes | str, int]):
    """Text of a tag -> its id; a tag that is new gets the next one. Bytes and text of one tag share an id."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.types: dict[str, int] = {}
        self.prefix_of: list[int] = []
        self.type_of: list[int] = []

    def __missing__(self, tag: bytes | str) -> int:
        if isinstance(tag, bytes):
            number = self[tag.decode("utf-8", "replace")]
        else:
            number = len(self.tags)
            self._learn(tag)
        self[tag] = number
        return number

    def _learn(self, tag: str) -> None:
        prefix, entity_type = split_tag(tag)
        code = _PREFIXES.get(prefix, OUTSIDE)
        self.tags.append(tag)
        self.prefix_of.append(code)
        self.type_of.append(self.types.setdefault(entity_type, len(self.types)) if code else -1)


class TagVocabulary:
    """The tags seen so far. Grows; ids never change.

    Example:
        >>> vocabulary = TagVocabulary()
        >>> vocabulary.encode(["O", b"B-PER", "B-PER"])
        array([0, 1, 1], dtype=int32)
    """

    def __init__(self) -> None:
        """Starts with no tag."""
        self._ids = _Ids()

    def encode(self, tags: Iterable[bytes | str]) -> np.ndarray:
        """Ids of tags: int32 [tokens]."""
        return np.fromiter(map(self._ids.__getitem__, tags), np.int32)

    def prefixes(self, ids: np.ndarray) -> np.ndarray:
        """`OUTSIDE`, `BEGIN` or `INSIDE` of each id: int8, the shape of `ids`."""
        return np.array(self._ids.prefix_of, np.int8)[ids]

    def types(self, ids: np.ndarray) -> np.ndarray:
        """Index into `type_names` of each id, -1 where a tag is outside: int32, the shape of `ids`."""
        return np.array(self._ids.type_of, np.int32)[ids]

    @property
    def type_names(self) -> tuple[str, ...]:
        """Entity types in the order in which they were first seen."""
        return tuple(self._ids.types)
