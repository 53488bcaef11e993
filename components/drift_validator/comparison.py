"""Comparison of two data profiles by the measures of TensorFlow Data Validation (TFDV).

The distances and the comparators of a schema have TFDV's meaning, and a test holds them against TFDV. They are computed
here, because TFDV has no wheels for the newer Python versions on which requests are compared. For the share of unknown
words, a difference of two numbers, TFDV has no comparator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from components.common.errors import NerError, percent
from components.drift_validator.data_profile import DataProfile
from components.drift_validator.drift_report import CHANGE, DIVERGENCE, LARGEST_DIFFERENCE, Drift, DriftReport
from components.drift_validator.settings import DriftSettings

TYPES, LENGTHS, UNKNOWN = "entity types", "sentence length", "unknown words"

Kind = Literal["drift", "skew"]
"""TFDV's terms: drift compares training data over time, skew compares training data with requests."""


class NamedProfile(NamedTuple):
    """A data set and its name in reports."""

    name: str
    profile: DataProfile


class _Counts(NamedTuple):
    reference: Mapping[str, int]
    other: Mapping[str, int]


def compare(
    reference: NamedProfile,
    other: NamedProfile,
    settings: DriftSettings,
    schema: Any = None,
    kind: Kind = "drift",
) -> DriftReport:
    """Measures the distance of a data set from an earlier one.

    tests/components/drift_validator/test_comparison.py shows the distances.

    Args:
        reference: the earlier data, with its training split.
        other: the new data.
        settings: the limits.
        schema: `Schema` of the examples; the `drift_comparator` or `skew_comparator` of a metadata column overrides
            `settings.columns`.
        kind: `drift` for a later corpus, `skew` for requests.

    Returns:
        One distance for each property that both data sets have.
    """
    old, new = reference.profile, other.profile
    counts = {TYPES: _Counts(old.labels, new.labels), LENGTHS: _Counts(old.lengths, new.lengths)}
    for column in sorted(set(old.columns) & set(new.columns)):
        counts[column] = _Counts(old.columns[column], new.columns[column])
    counts = {what: pair for what, pair in counts.items() if all(pair)}
    drifts = []
    for what, pair in counts.items():
        for measure, limit in _comparators(what, settings, schema, kind):
            distance = _DISTANCES[measure](_shares(pair.reference), _shares(pair.other))
            drifts.append(Drift(what, reference.name, other.name, distance, measure, _largest_change(pair), limit))
    before, now = old.unknown_share(), old.unknown_share(new)
    if before is not None and now is not None:
        detail = f"champion's held-out text {percent(before, 1)}, new text {percent(now, 1)}"
        drifts.append(Drift(UNKNOWN, reference.name, other.name, now - before, CHANGE, detail, settings.unknown))
    sentences = (old.sentences, new.sentences)
    return DriftReport(tuple(drifts), min(sentences) >= settings.min_sentences, sentences)


def _comparators(what: str, settings: DriftSettings, schema: Any, kind: Kind) -> list[tuple[str, float | None]]:
    """Returns the measures of a property with their limits: those of the schema, otherwise that of the settings.

    Raises:
        NerError: the schema has a comparator that does not measure texts.
    """
    field = f"{kind}_comparator"
    for feature in schema.feature if schema is not None else ():
        if feature.name == what and feature.HasField(field):
            comparator = getattr(feature, field)
            chosen = [name for name in _MEASURES if comparator.HasField(name)]
            if not chosen:
                raise NerError(
                    f"schema: {field} of {what} has no {' or '.join(_MEASURES)}, the measures of texts. Add one."
                )
            return [(_MEASURES[name], getattr(comparator, name).threshold) for name in chosen]
    if what == LENGTHS:
        return [(DIVERGENCE, settings.length)]
    return [(LARGEST_DIFFERENCE, settings.types if what == TYPES else settings.columns)]


def _largest_difference(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    return max(abs(before.get(value, 0.0) - now.get(value, 0.0)) for value in {*before, *now})


def _divergence(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Returns the Jensen-Shannon divergence with base 2: 0 for equal shares, 1 for shares without a common value."""
    terms = []
    for value in {*before, *now}:
        pair = before.get(value, 0.0), now.get(value, 0.0)
        middle = sum(pair) / 2
        terms += [share / 2 * math.log2(share / middle) for share in pair if share]
    return math.fsum(terms)


# Field of a comparator in a schema -> measure.
_MEASURES = {"infinity_norm": LARGEST_DIFFERENCE, "jensen_shannon_divergence": DIVERGENCE}
_DISTANCES = {LARGEST_DIFFERENCE: _largest_difference, DIVERGENCE: _divergence}


def _largest_change(counts: _Counts) -> str:
    """Describes the value whose share changed most, with both shares."""
    before, now = _shares(counts.reference), _shares(counts.other)
    value = max(sorted({*before, *now}), key=lambda name: abs(now.get(name, 0) - before.get(name, 0)))
    return f"{value}: {percent(before.get(value, 0), 1)} to {percent(now.get(value, 0), 1)}"


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {value: count / total for value, count in counts.items()}
