"""Scores with intervals, from counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import BINS, CUSTOM, NO_TYPE
from components.evaluator.results.model_scores import (
    ERROR_KINDS,
    Calibration,
    CalibrationBin,
    Confusion,
    EntityScores,
    Estimate,
    Scores,
    TypedScores,
)
from components.text.tags import OUTSIDE

_TAILS = (2.5, 97.5)  # percentiles between which 95 % of the replicates lie

Number = Callable[[np.ndarray], Any]
"""Converts [1 + replicates] to an `Estimate`, or keeps the array for a later difference."""


def scores(table: CountTable, confusion: CountTable | None = None) -> Scores:
    """Returns the scores of one model on one slice.

    Args:
        table: its counts.
        confusion: output of `confusion_counts`, if any.
    """
    return _scores(table, confusion, estimate)


def changes(candidate: CountTable, champion: CountTable) -> dict[str, Estimate]:
    """Returns candidate minus champion for each metric that is defined for both."""
    # Arrays instead of estimates: each replicate draws the same sentences for both models.
    sides: list[dict[str, Any]] = [
        dict(_scores(table, None, lambda values: values).metrics()) for table in (candidate, champion)
    ]
    ours, theirs = sides
    differences = {name: ours[name] - theirs[name] for name in ours if name in theirs}
    for name, values in differences.items():
        # A replicate without anything to count shows no change. Left out, it would make a gain on one sentence certain.
        values[1:] = np.nan_to_num(ours[name][1:]) - np.nan_to_num(theirs[name][1:])
    return {name: estimate(values) for name, values in differences.items() if not np.isnan(values[0])}


def estimate(values: np.ndarray) -> Estimate:
    """Returns a value with its interval.

    Args:
        values: [1 + replicates], NaN where undefined. Row 0 is the value; the interval is the 95 % percentile interval
            of the other rows that are defined. A replicate that draws nothing to count says nothing about the value.

    Example:
        >>> estimate(np.array([1.0, 1.0, np.nan])), estimate(np.array([np.nan]))
        (Estimate(value=1.0, low=1.0, high=1.0), Estimate(value=None, low=None, high=None))
    """
    if np.isnan(values[0]):
        return Estimate(None)
    defined = values[1:][~np.isnan(values[1:])]
    if not len(defined):
        return Estimate(float(values[0]))
    low, high = np.percentile(defined, _TAILS)
    return Estimate(float(values[0]), float(low), float(high))


def _scores(table: CountTable, confusion: CountTable | None, number: Number) -> Scores:
    types = sorted({column[1] for column in table.columns if column[0] == "gold"})
    predicted, gold = (_matrix(table, measure, types).sum(axis=1) for measure in ("predicted", "gold"))
    same_ends, same_type, gold_same_type, correct_tokens, tokens = (
        table.column(name) for name in ("same_ends", "same_type", "gold_same_type", "correct_tokens", "tokens")
    )
    partial, partial_found, typed, typed_found = (
        table.column(name) for name in ("partial", "partial_found", "typed", "typed_found")
    )
    entities = _typed(table, "", types, number)
    boundary = _entity_scores(_shares(same_ends, same_ends, predicted, gold), predicted, gold, number)
    return Scores(
        sentences=int(table.column("sentences")[0]),
        tokens=int(tokens[0]),
        entities=entities,
        strict=_typed(table, "strict_", types, number),
        boundary=boundary,
        type_only=_entity_scores(_shares(same_type, gold_same_type, predicted, gold), predicted, gold, number),
        errors={kind: int(table.column("errors", kind)[0]) for kind in ERROR_KINDS},
        token_accuracy=number(_ratio(correct_tokens, tokens)) if ("correct_tokens",) in table.columns else None,
        calibration=_calibration(table, number) if ("bin_tokens", "0") in table.columns else None,
        confusion=None if confusion is None else _confusion(confusion),
        nervaluate={
            "strict": entities.micro,
            "exact": boundary,
            "partial": _entity_scores(_shares(partial, partial_found, predicted, gold), predicted, gold, number),
            "type": _entity_scores(_shares(typed, typed_found, predicted, gold), predicted, gold, number),
        },
        custom={
            column[1]: number(_ratio(table.column(*column), table.column(CUSTOM, column[1], "denominator")))
            for column in table.columns
            if column[0] == CUSTOM and column[2] == "numerator"
        },
    )


def _typed(table: CountTable, prefix: str, types: Sequence[str], number: Number) -> TypedScores:
    counts = [_matrix(table, f"{prefix}{measure}", types) for measure in ("correct", "predicted", "gold")]
    present = (counts[1][0] + counts[2][0]) > 0  # [types]: types with an entity in the slice
    correct, predicted, gold = (each[:, present] for each in counts)  # [1 + replicates, present types]
    shares = _shares(correct, correct, predicted, gold)
    # A type that a replicate did not draw is not in its mean. The shares of a type that it drew only on one side are
    # 0 there, as in seqeval.
    drawn = ((predicted + gold) > 0).sum(axis=1)
    macro = tuple(_ratio(np.nansum(share, axis=1), drawn) for share in shares)
    total_correct, total_predicted, total_gold = (each.sum(axis=1) for each in (correct, predicted, gold))
    micro = _shares(total_correct, total_correct, total_predicted, total_gold)
    return TypedScores(
        micro=_entity_scores(micro, total_predicted, total_gold, number),
        macro=_entity_scores(macro, total_predicted, total_gold, number),
        per_type={
            kind: _entity_scores(tuple(share[:, i] for share in shares), predicted[:, i], gold[:, i], number)
            for i, kind in enumerate(np.array(types, object)[present])
        },
    )


def _matrix(table: CountTable, measure: str, types: Sequence[str]) -> np.ndarray:
    """Returns one column per type: float64 [1 + replicates, types]."""
    columns = [table.column(measure, kind) for kind in types]
    return np.stack(columns, axis=1) if columns else np.zeros((len(table.values), 0))


def _shares(
    correct: np.ndarray, matched: np.ndarray, predicted: np.ndarray, gold: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns precision, recall and F1 from correct predicted and matched gold entities: [1 + replicates, …] each.

    NaN where a share is undefined; in row 0 precision and recall are 0.0 as in seqeval if only one side has entities.
    """
    precision, recall = _ratio(correct, predicted, 0.0), _ratio(matched, gold, 0.0)
    f1 = _ratio(2 * precision * recall, precision + recall, 0.0)
    f1[predicted + gold == 0] = np.nan
    for share, denominator in ((precision, predicted), (recall, gold)):
        share[1:][denominator[1:] == 0] = np.nan
        share[0] = np.where(np.isnan(f1[0]), np.nan, share[0])
    return precision, recall, f1


def _ratio(numerator: np.ndarray, denominator: np.ndarray, undefined: float = np.nan) -> np.ndarray:
    """Divides; `undefined` for a denominator of zero."""
    return np.divide(numerator, denominator, out=np.full(numerator.shape, undefined), where=denominator > 0)


def _entity_scores(
    shares: tuple[np.ndarray, ...], predicted: np.ndarray, gold: np.ndarray, number: Number
) -> EntityScores:
    precision, recall, f1 = map(number, shares)
    return EntityScores(precision, recall, f1, support=int(gold[0]), predicted=int(predicted[0]))


def _calibration(table: CountTable, number: Number) -> Calibration:
    tokens, scored, correct = (
        np.stack([table.column(name, str(bin_)) for bin_ in range(BINS)], axis=1)
        for name in ("bin_tokens", "bin_scores", "bin_correct")
    )  # [1 + replicates, bins] each
    error = _ratio(np.abs(scored - correct).sum(axis=1), tokens.sum(axis=1))
    means, accuracies = _ratio(scored[0], tokens[0], 0.0), _ratio(correct[0], tokens[0], 0.0)
    bins = tuple(
        CalibrationBin(i / BINS, (i + 1) / BINS, int(tokens[0, i]), float(means[i]), float(accuracies[i]))
        for i in range(BINS)
    )
    return Calibration(number(error), bins)


def _confusion(table: CountTable) -> Confusion:
    counts: Mapping[tuple[str, str], int] = {
        (column[1], column[2]): int(count) for column, count in zip(table.columns, table.values[0], strict=True)
    }
    used = {label for labels, count in counts.items() if count for label in labels}
    labels = (NO_TYPE, *sorted(used - {NO_TYPE}))
    rows = tuple(tuple(counts.get((row, column), 0) for column in labels) for row in labels)
    return Confusion((OUTSIDE, *labels[1:]), rows)
