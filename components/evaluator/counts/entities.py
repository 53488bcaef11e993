"""Entities of a batch of tagged sentences, as arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from components.evaluator.counts.tag_vocabulary import BEGIN, INSIDE, OUTSIDE


@dataclasses.dataclass(frozen=True)
class Entities:
    """Entities in the order of their tokens. Token positions count through the whole batch.

    These are the entities of `components.text.spans.spans`. Those of `strict_spans` are the ones that begin with `B-`:
    both functions cut a sentence at the same positions, and strictly, an `I-` that continues nothing begins no entity.

    Attributes:
        starts: int64 [entities], first token.
        ends: int64 [entities], token after the last.
        types: int32 [entities], index of the type.
        strict: bool [entities], True for the entities of `strict_spans`.
        of_token: int64 [tokens], the entity of each token, -1 for none.
    """

    starts: np.ndarray
    ends: np.ndarray
    types: np.ndarray
    strict: np.ndarray
    of_token: np.ndarray

    @classmethod
    def find(cls, prefixes: np.ndarray, types: np.ndarray, first: np.ndarray) -> Entities:
        """Finds the entities of tags.

        Args:
            prefixes: int8 [tokens], as in `tag_vocabulary`.
            types: int32 [tokens], -1 for outside.
            first: bool [tokens], True for the first token of a sentence.
        """
        before = np.concatenate([np.full(1, -1, types.dtype), types[:-1]])
        continues = (prefixes == INSIDE) & (types == before) & ~first
        begins = (prefixes != OUTSIDE) & ~continues
        starts = np.flatnonzero(begins)
        cuts = np.append(np.flatnonzero(~continues), len(types))  # every token that does not continue the one before
        ends = cuts[np.searchsorted(cuts, starts, side="right")]
        of_token = np.where(prefixes != OUTSIDE, np.cumsum(begins) - 1, -1)
        return cls(starts, ends, types[starts], prefixes[starts] == BEGIN, of_token)

    def __len__(self) -> int:
        """Number of entities."""
        return len(self.starts)
