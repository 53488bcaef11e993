"""Batch of sentences with gold and predicted tags, as arrays."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.matches import Matches
from components.evaluator.counts.one_to_one import OneToOne
from components.evaluator.counts.tag_vocabulary import TagVocabulary


@dataclasses.dataclass(frozen=True)
class RetokenizedSentences:
    """The sentences of a batch that the served model may cut into other tokens, as a caller sends them.

    Attributes:
        rows: int64 [retokenized], their rows in the batch.
        batch: the same sentences on the pieces between the edges of the model's tokens and of the gold entities; None
            if there are none.
        cut: bool [retokenized], whether the model cuts them into other tokens.
        lost: int64 [retokenized], gold entities with an edge inside a token of the model.
    """

    rows: np.ndarray
    batch: TaggedBatch | None
    cut: np.ndarray
    lost: np.ndarray


@dataclasses.dataclass(frozen=True)
class TaggedBatch:
    """Predictions of one model for a batch of sentences.

    Attributes:
        vocabulary: vocabulary of the ids.
        keys: key of each sentence.
        texts: gold tokens of each sentence, joined by a space.
        lengths: int64 [sentences], number of gold tokens.
        gold: int32 [tokens], id of each token's gold tag, sentence after sentence.
        predicted: int32 [tokens], id of its predicted tag; where both are outside, that of the gold tag (`O`, `OUT`).
        scores: float [tokens], probability of the predicted tag; None if the model returns none.
        floor: int32 [tokens], id of the tag that the word has most often in the training data; None if unknown.
        retokenized: the sentences that end-to-end scores count in another way; None without these scores.
    """

    vocabulary: TagVocabulary
    keys: Sequence[str]
    texts: Sequence[str]
    lengths: np.ndarray
    gold: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None = None
    floor: np.ndarray | None = None
    retokenized: RetokenizedSentences | None = None

    @classmethod
    def of(
        cls,
        vocabulary: TagVocabulary,
        keys: Sequence[str],
        texts: Sequence[str],
        gold: Sequence[Sequence[str]],
        predicted: Sequence[Sequence[str]],
        scores: Sequence[Sequence[float] | None],
    ) -> TaggedBatch:
        """Returns the batch of tagged sentences.

        Args:
            vocabulary: receives the tags.
            keys: key of each sentence.
            texts: gold tokens of each sentence, joined by a space.
            gold: gold tags of each sentence.
            predicted: predicted tags of each sentence.
            scores: probabilities of the predicted tags; the batch has none if one of the sentences has None.
        """
        known = [of_sentence for of_sentence in scores if of_sentence is not None]
        flat = np.array([*itertools.chain.from_iterable(known)], np.float32)  # as models return them
        return cls(
            vocabulary=vocabulary,
            keys=keys,
            texts=texts,
            lengths=np.array([len(tags) for tags in gold], np.int64),
            gold=vocabulary.encode(itertools.chain.from_iterable(gold)),
            predicted=vocabulary.encode(itertools.chain.from_iterable(predicted)),
            scores=flat if len(known) == len(scores) else None,
        )

    def __post_init__(self) -> None:
        """Checks that the sizes of the arrays agree, and gives predicted outside tags the label of the gold tags."""
        sizes = {int(self.lengths.sum()), len(self.gold), len(self.predicted)}
        sizes |= {len(each) for each in (self.scores, self.floor) if each is not None}
        if len(sizes) != 1 or not len(self.keys) == len(self.texts) == len(self.lengths):
            raise ValueError(
                f"{len(self.keys)} keys, {len(self.texts)} texts and {len(self.lengths)} lengths of sentences; "
                f"{len(self.gold)} gold and {len(self.predicted)} predicted tags for {self.lengths.sum()} tokens"
            )
        object.__setattr__(self, "predicted", self.vocabulary.with_outside_label(self.predicted, self.gold))

    def __len__(self) -> int:
        """Number of sentences."""
        return len(self.lengths)

    @functools.cached_property
    def offsets(self) -> np.ndarray:
        """Position of the first token of each sentence: int64 [sentences]."""
        return np.cumsum(self.lengths) - self.lengths

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Sentence of each token: int64 [tokens]."""
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
        """Matches of gold and predicted entities."""
        return Matches.of(self.gold_entities, self.predicted_entities)

    @functools.cached_property
    def one_to_one(self) -> OneToOne:
        """Matches of gold and predicted entities, one to one."""
        return OneToOne.of(self.gold_entities, self.predicted_entities)

    def tags(self) -> Iterator[tuple[list[str], list[str]]]:
        """Yields the gold and the predicted tags of each sentence."""
        gold, predicted = self.vocabulary.decode(self.gold), self.vocabulary.decode(self.predicted)
        for start, length in zip(self.offsets.tolist(), self.lengths.tolist(), strict=True):
            yield gold[start : start + length], predicted[start : start + length]

    def _entities(self, ids: np.ndarray) -> Entities:
        first = np.zeros(len(ids), bool)
        first[self.offsets[self.lengths > 0]] = True
        return Entities.find(self.vocabulary.prefixes(ids), self.vocabulary.types(ids), first)
