"""Ids of tags, so that batches of sentences are scored by array operations."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from components.text.tags import OUTSIDE_LABELS, split_tag

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
"""Codes of prefixes. Prefixes outside IOB2 are `OUTSIDE`, as in `components.text.spans`."""

_PREFIXES = {"B": BEGIN, "I": INSIDE}


class _Ids(dict[bytes | str, int]):
    """Maps tags to ids; a new tag gets the next id. Bytes and text of a tag share an id."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.types: dict[str, int] = {}
        self.prefix_of: list[int] = []
        self.type_of: list[int] = []
        self.is_outside: list[bool] = []

    def __missing__(self, tag: bytes | str) -> int:
        if isinstance(tag, bytes):
            number = self[tag.decode("utf-8", "replace")]
        else:
            number = len(self.tags)
            self._append(tag)
        self[tag] = number
        return number

    def _append(self, tag: str) -> None:
        prefix, entity_type = split_tag(tag)
        code = _PREFIXES.get(prefix, OUTSIDE)
        self.tags.append(tag)
        self.prefix_of.append(code)
        self.type_of.append(self.types.setdefault(entity_type, len(self.types)) if code else -1)
        self.is_outside.append(tag in OUTSIDE_LABELS)


class TagVocabulary:
    """Tags seen so far, with their ids; it grows, and ids never change.

    Example:
        >>> vocabulary = TagVocabulary()
        >>> vocabulary.encode(["O", b"B-PER", "B-PER"])
        array([0, 1, 1], dtype=int32)
    """

    def __init__(self) -> None:
        """Creates an empty vocabulary."""
        self._ids = _Ids()

    def encode(self, tags: Iterable[bytes | str]) -> np.ndarray:
        """Returns the ids of tags: int32 [tokens]."""
        return np.fromiter(map(self._ids.__getitem__, tags), np.int32)

    def decode(self, ids: np.ndarray) -> list[str]:
        """Returns the tags of ids."""
        return [self._ids.tags[number] for number in ids.tolist()]

    def with_outside_label(self, ids: np.ndarray, gold: np.ndarray) -> np.ndarray:
        """Returns ids with the outside label of the gold tags, which may come from another corpus.

        Example:
            >>> vocabulary = TagVocabulary()
            >>> vocabulary.with_outside_label(vocabulary.encode(["OUT", "B-X"]), vocabulary.encode(["O", "O"])).tolist()
            [2, 1]
        """
        outside = np.array(self._ids.is_outside, bool)
        return np.where(outside[ids] & outside[gold], gold, ids)

    def prefixes(self, ids: np.ndarray) -> np.ndarray:
        """Returns the prefix code of each id: int8, in the shape of `ids`."""
        return np.array(self._ids.prefix_of, np.int8)[ids]

    def types(self, ids: np.ndarray) -> np.ndarray:
        """Returns the index into `type_names` of each id, -1 for outside tags: int32, in the shape of `ids`."""
        return np.array(self._ids.type_of, np.int32)[ids]

    @property
    def type_names(self) -> tuple[str, ...]:
        """Entity types in the order of their first occurrence."""
        return tuple(self._ids.types)
