"""Matches of gold and predicted entities, one to one, for the schemes `partial` and `type` of nervaluate.

In the measures of `matches`, a predicted entity finds every gold entity that it overlaps. SemEval-2013 task 9.1, and
nervaluate after it, give each entity at most one partner: each predicted entity, in the order of the text, takes a gold
entity that is still free.

nervaluate itself is not used: it holds all sentences at once, knows no slices and intervals, and compares every
predicted with every gold entity of a sentence.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from components.evaluator.counts.entities import Entities

_LEAST_PERCENT = 1
"""Share of the gold entity that must overlap, in percent: the default of nervaluate."""


@dataclasses.dataclass(frozen=True)
class OneToOne:
    """Credit of each entity, 0 to 1. The sums of both sides are equal.

    tests/components/evaluator/counts/test_one_to_one.py compares it with nervaluate.

    Attributes:
        partial: float [predicted], 1 for the boundaries of its partner, 0.5 for others; types do not matter.
        partial_found: float [gold], the same.
        typed: float [predicted], 1 if its partner has its type. A partner of the type is preferred, then the one with
            the nearest boundaries, then the first.
        typed_found: float [gold], the same.
    """

    partial: np.ndarray
    partial_found: np.ndarray
    typed: np.ndarray
    typed_found: np.ndarray

    @classmethod
    def of(cls, gold: Entities, predicted: Entities) -> OneToOne:
        """Matches the entities of the same tokens."""
        ours, theirs = _overlapping(gold, predicted)
        same_ends = (predicted.starts[ours] == gold.starts[theirs]) & (predicted.ends[ours] == gold.ends[theirs])
        same_type = predicted.types[ours] == gold.types[theirs]
        # Most entities overlap one of the other side, which overlaps no further one: there is nothing to choose.
        alone = (np.bincount(ours, minlength=len(predicted))[ours] == 1) & (
            np.bincount(theirs, minlength=len(gold))[theirs] == 1
        )
        partial = np.where(alone, np.where(same_ends, 1.0, 0.5), 0.0)  # [pairs] each
        typed = (alone & same_type).astype(np.float64)
        rest = np.flatnonzero(~alone)
        distances = np.abs(predicted.starts[ours] - gold.starts[theirs]) + np.abs(
            predicted.ends[ours] - gold.ends[theirs]
        )
        # Equal boundaries are always alone.
        partial[_chosen(rest, ours, theirs, np.ones_like(same_type), np.zeros_like(distances))] = 0.5
        typed[_chosen(rest, ours, theirs, same_type, distances)] = 1.0
        sides = ((partial, ours, predicted), (partial, theirs, gold), (typed, ours, predicted), (typed, theirs, gold))
        return cls(*(np.bincount(ids, credit, minlength=len(entities)) for credit, ids, entities in sides))


def _overlapping(gold: Entities, predicted: Entities) -> tuple[np.ndarray, np.ndarray]:
    """Returns the pairs of overlapping entities in the order of the text: predicted and gold, int64 [pairs] each."""
    shared = np.flatnonzero((gold.of_token >= 0) & (predicted.of_token >= 0))
    ours, theirs = predicted.of_token[shared], gold.of_token[shared]  # [shared tokens]
    begins = np.flatnonzero(np.diff(ours, prepend=-1).astype(bool) | np.diff(theirs, prepend=-1).astype(bool))
    tokens = np.diff(begins, append=len(shared))  # shared tokens of each pair
    ours, theirs = ours[begins], theirs[begins]
    enough = 100 * tokens >= _LEAST_PERCENT * (gold.ends[theirs] - gold.starts[theirs])
    return ours[enough], theirs[enough]


def _chosen(
    pairs: np.ndarray, ours: np.ndarray, theirs: np.ndarray, same_type: np.ndarray, distances: np.ndarray
) -> list[int]:
    """Returns the pairs of one type in which each predicted entity takes the nearest free gold entity, or the first.

    One without a free gold entity of its type takes the first free one of another type, without credit.
    """
    taken: set[int] = set()
    chosen = []
    for _, of_one in itertools.groupby(pairs.tolist(), key=lambda pair: ours[pair]):
        free = [pair for pair in of_one if theirs[pair] not in taken]
        of_type = [pair for pair in free if same_type[pair]]
        if of_type:
            chosen.append(min(of_type, key=distances.__getitem__))
            taken.add(theirs[chosen[-1]])
        elif free:
            taken.add(theirs[free[0]])
    return chosen
