"""A batch of sentences with gold and predicted tags, as arrays."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.matches import Matches
from components.evaluator.counts.tag_vocabulary import TagVocabulary


@dataclasses.dataclass(frozen=True)
class TaggedBatch:
    """What one model predicted for a batch of sentences.

    Attributes:
        vocabulary: of the ids of tags.
        keys: key of each sentence.
        texts: each sentence's gold tokens joined by one space.
        lengths: int64 [sentences], number of gold tokens.
        gold: int32 [tokens], id of each token's gold tag, sentence after sentence.
        predicted: int32 [tokens], id of its predicted tag.
        scores: float [tokens], probability of the predicted tag; None where the model gives none.
    """

    vocabulary: TagVocabulary
    keys: Sequence[str]
    texts: Sequence[str]
    lengths: np.ndarray
    gold: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Refuses arrays that do not belong together."""
        sizes = {int(self.lengths.sum()), len(self.gold), len(self.predicted)}
        sizes |= set() if self.scores is None else {len(self.scores)}
        if len(sizes) != 1 or not len(self.keys) == len(self.texts) == len(self.lengths):
            raise ValueError(
                f"{len(self.keys)} keys, {len(self.texts)} texts and {len(self.lengths)} lengths of sentences; "
                f"{len(self.gold)} gold and {len(self.predicted)} predicted tags for {self.lengths.sum()} tokens"
            )

    def __len__(self) -> int:
        """Number of sentences."""
        return len(self.lengths)

    @functools.cached_property
    def offsets(self) -> np.ndarray:
        """int64 [sentences], position of each sentence's first token."""
        return np.cumsum(self.lengths) - self.lengths

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """int64 [tokens], the sentence of each token."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @functools.cached_property
    def gold_entities(self) -> Entities:
        """Entities of the gold tags."""
        return self._entities(self.gold)

    @functools.cached_property
    def predicted_entities(self) -> Entities:
        """Entities of the predicted tags."""
        return self._entities(self.predicted)

    @functools.cached_property
    def matches(self) -> Matches:
        """Which of them agree."""
        return Matches.of(self.gold_entities, self.predicted_entities)

    def _entities(self, ids: np.ndarray) -> Entities:
        first = np.zeros(len(ids), bool)
        first[self.offsets[self.lengths > 0]] = True
        return Entities.find(self.vocabulary.prefixes(ids), self.vocabulary.types(ids), first)
