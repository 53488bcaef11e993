"""The entities of a batch of tagged sentences, as arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from components.evaluator.counts.tag_vocabulary import BEGIN, INSIDE, OUTSIDE


@dataclasses.dataclass(frozen=True)
class Entities:
    """Entities in the order of their tokens. Token positions count through the whole batch.

    The lenient reading of `components.text.spans.spans`. The strict one has the entities of it that begin with `B-`:
    both cut a sentence at the same places, and an `I-` that continues nothing is, with all that continues it, no entity
    in the strict reading.

    Attributes:
        starts: int64 [entities], first token.
        ends: int64 [entities], token after the last.
        types: int32 [entities], index of the type.
        strict: bool [entities], whether the entity is one in the strict reading.
        of_token: int64 [tokens], the entity that a token belongs to, -1 for none.
    """

    starts: np.ndarray
    ends: np.ndarray
    types: np.ndarray
    strict: np.ndarray
    of_token: np.ndarray

    @classmethod
    def find(cls, prefixes: np.ndarray, types: np.ndarray, first: np.ndarray) -> Entities:
        """Reads the entities of tags.

        Args:
            prefixes: int8 [tokens], as in `tag_vocabulary`.
            types: int32 [tokens], -1 for outside.
            first: bool [tokens], whether a token is the first of its sentence.
        """
        before = np.concatenate([np.full(1, -1, types.dtype), types[:-1]])
        continues = (prefixes == INSIDE) & (types == before) & ~first
        begins = (prefixes != OUTSIDE) & ~continues
        starts = np.flatnonzero(begins)
        cuts = np.append(np.flatnonzero(~continues), len(types))  # wherever a token does not belong to the one before
        ends = cuts[np.searchsorted(cuts, starts, side="right")]
        of_token = np.where(prefixes != OUTSIDE, np.cumsum(begins) - 1, -1)
        return cls(starts, ends, types[starts], prefixes[starts] == BEGIN, of_token)

    def __len__(self) -> int:
        """Number of entities."""
        return len(self.starts)
