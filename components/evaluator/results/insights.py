"""Lessons of the errors: a part of `scores.json` (`components.evaluator.results.evaluation`).

How far the score is above a trivial tagger, which threshold of the entity score to use, which texts are confused most,
and which labels of the training data contradict each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Shares:
    """Precision, recall and F1 without intervals.

    Attributes:
        precision: share of the predicted entities that are correct.
        recall: share of the gold entities that were predicted.
        f1: harmonic mean of precision and recall.

    Example:
        >>> Shares.of(correct=2, predicted=4, gold=2)
        Shares(precision=0.5, recall=1.0, f1=0.6666666666666666)
    """

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, correct: int, predicted: int, gold: int) -> Shares:
        """Computes the shares from counts; a share with the denominator zero is 0.0."""
        precision, recall = correct / predicted if predicted else 0.0, correct / gold if gold else 0.0
        return cls(precision, recall, 2 * correct / (predicted + gold) if predicted + gold else 0.0)


@dataclasses.dataclass(frozen=True)
class ThresholdScores:
    """Scores if only entities with at least this score are used.

    Attributes:
        threshold: the smallest accepted entity score (mean of the scores of its tokens).
        shares: precision, recall and F1 of the remaining entities.
        kept: number of the remaining predicted entities.
    """

    threshold: float
    shares: Shares
    kept: int


@dataclasses.dataclass(frozen=True)
class Mistake:
    """Errors of one kind on one text.

    Attributes:
        kind: one of `ERROR_KINDS`.
        gold_text: text of the gold entity; empty if spurious.
        gold_type: its type; empty if spurious.
        predicted_text: text of the predicted entity; empty if missed.
        predicted_type: its type; empty if missed.
        count: number of these errors.
        places: where the first of them are, `file:line` of their sentences, or keys if lines are unknown.
    """

    kind: str
    gold_text: str
    gold_type: str
    predicted_text: str
    predicted_type: str
    count: int
    places: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The gold type; the predicted one if there is no gold entity."""
        return self.gold_type or self.predicted_type


@dataclasses.dataclass(frozen=True)
class LabelCount:
    """One way in which a text is labelled.

    Attributes:
        label: entity type; empty: not labelled.
        count: number of occurrences.
        places: where the first of them are, as in `Mistake`.
    """

    label: str
    count: int
    places: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class InconsistentLabel:
    """A text of the training data that is labelled in different ways.

    Attributes:
        text: the text, case-sensitive.
        labels: the labels, the most frequent first.
        errors: number of errors on the evaluated sentences whose gold or predicted entity has this text.
    """

    text: str
    labels: tuple[LabelCount, ...]
    errors: int


@dataclasses.dataclass(frozen=True)
class Insights:
    """Lessons of the errors.

    Attributes:
        floor: scores of the tagger that gives each word its most frequent tag of the training data, and O to unknown
            words, on the same sentences; None without training data.
        thresholds: scores by threshold of the entity score, from 0; empty if the model returns no scores.
        errors_by_type: entity type (gold, or predicted if spurious) -> kind of error -> count.
        mistakes: errors by text, the most frequent first, at most `MOST_MISTAKES`.
        different_mistakes: number of all of them.
        inconsistent: texts of the training data with contradicting labels, those with the most errors first, at most
            `MOST_INCONSISTENT`.
        different_inconsistent: number of all of them.
        not_compared: number of entity texts of the training data that were too many to compare their labels.
    """

    floor: Shares | None = None
    thresholds: tuple[ThresholdScores, ...] = ()
    errors_by_type: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    different_mistakes: int = 0
    inconsistent: tuple[InconsistentLabel, ...] = ()
    different_inconsistent: int = 0
    not_compared: int = 0

    @property
    def best_threshold(self) -> ThresholdScores | None:
        """The threshold of the best F1, the smallest of equals; None if the model returns no scores."""
        return max(self.thresholds, key=lambda each: (each.shares.f1, -each.threshold), default=None)


MOST_MISTAKES = 500
MOST_INCONSISTENT = 100
