"""Comparison of gold and predicted entities: matches and kinds of errors."""

from __future__ import annotations

import dataclasses

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.results.model_scores import ERROR_KINDS

CORRECT = -1
"""Error kind of a correct predicted entity, and of a gold entity that is not missed."""

_KIND = {name: number for number, name in enumerate(ERROR_KINDS)}


@dataclasses.dataclass(frozen=True)
class Matches:
    """Matches of the gold and predicted entities of one batch.

    `components.evaluator.results.model_scores.Scores` defines each measure.

    Attributes:
        correct: bool [predicted], boundaries and type equal those of a gold entity.
        strict_correct: bool [predicted], the same among strict entities.
        same_ends: bool [predicted], boundaries equal those of a gold entity.
        same_type: bool [predicted], overlaps a gold entity of its type.
        gold_same_type: bool [gold], overlaps a predicted entity of its type.
        predicted_errors: int [predicted], index into `ERROR_KINDS` or `CORRECT`.
        gold_errors: int [gold], the index of `missed` or `CORRECT`.
    """

    correct: np.ndarray
    strict_correct: np.ndarray
    same_ends: np.ndarray
    same_type: np.ndarray
    gold_same_type: np.ndarray
    predicted_errors: np.ndarray
    gold_errors: np.ndarray

    @classmethod
    def of(cls, gold: Entities, predicted: Entities) -> Matches:
        """Compares the entities of the same tokens."""
        gold_at = np.full(len(gold.of_token), -1)  # [tokens], the gold entity that begins at the token
        gold_at[gold.starts] = np.arange(len(gold))
        other = gold_at[predicted.starts]  # [predicted], -1 for none; as an index, -1 is masked
        same_ends = other >= 0
        same_ends[same_ends] = gold.ends[other[same_ends]] == predicted.ends[same_ends]
        correct = same_ends.copy()
        correct[same_ends] = gold.types[other[same_ends]] == predicted.types[same_ends]
        strict_correct = correct & predicted.strict
        strict_correct[strict_correct] = gold.strict[other[strict_correct]]
        overlapping, overlapped, same_type, gold_same_type = _overlaps(gold, predicted)
        conditions = [correct, same_ends, same_type, overlapping]
        kinds = [CORRECT, _KIND["type"], _KIND["boundary"], _KIND["boundary_and_type"]]
        return cls(
            correct=correct,
            strict_correct=strict_correct,
            same_ends=same_ends,
            same_type=same_type,
            gold_same_type=gold_same_type,
            predicted_errors=np.select(conditions, kinds, _KIND["spurious"]),
            gold_errors=np.where(overlapped, CORRECT, _KIND["missed"]),
        )


def _overlaps(gold: Entities, predicted: Entities) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Finds overlaps between gold and predicted entities.

    Returns:
        bool [predicted] and bool [gold]: overlaps any entity of the other side; bool [predicted] and bool [gold]:
        overlaps an entity of the same type.
    """
    shared = np.flatnonzero((gold.of_token >= 0) & (predicted.of_token >= 0))
    gold_ids, predicted_ids = gold.of_token[shared], predicted.of_token[shared]  # [shared tokens]
    same = gold.types[gold_ids] == predicted.types[predicted_ids]
    flags = [np.zeros(len(entities), bool) for entities in (predicted, gold, predicted, gold)]
    for flag, ids in zip(flags, (predicted_ids, gold_ids, predicted_ids[same], gold_ids[same]), strict=True):
        flag[ids] = True
    return flags[0], flags[1], flags[2], flags[3]
