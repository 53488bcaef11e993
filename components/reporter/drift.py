"""How far two data sets lie apart, by the distances that TensorFlow Data Validation uses for skew and drift.

TFDV itself reports a distance only where it is above a threshold of the schema, as the text of an anomaly; here all of
them are shown. So the two lines of arithmetic stand here again.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Mapping

from components.reporter.split_summary import SplitSummary

NOTABLE = 0.1
"""A tenth of the data has moved: a reader should look. Nothing is decided by it."""


@dataclasses.dataclass(frozen=True)
class Drift:
    """One distance between a reference and another data set.

    Attributes:
        what: what was compared, in words.
        reference: name of the reference data.
        other: name of the other data.
        distance: 0 (the same) to 1.
        measure: name of the distance.
        detail: where the difference is largest, in words.
    """

    what: str
    reference: str
    other: str
    distance: float
    measure: str
    detail: str

    @property
    def notable(self) -> bool:
        """Whether a reader should look at it."""
        return self.distance >= NOTABLE


def drift_between(reference: SplitSummary, other: SplitSummary, names: tuple[str, str] | None = None) -> list[Drift]:
    """Compares entity types, sentence lengths and the metadata columns that both have.

    Args:
        reference: for instance the training split.
        other: for instance the evaluated split, or newer training data.
        names: what to call the two; their own names by default.

    Returns:
        The distances; none for what one of the two lacks.
    """
    first, second = names or (reference.name, other.name)
    pairs = {"entity types": (reference.entities, other.entities)}
    pairs |= {column: (reference.columns[column], other.columns[column]) for column in _shared(reference, other)}
    found = []
    for what, (before, after) in pairs.items():
        if before and after:
            distance, detail = _l_infinity(before, after)
            found.append(Drift(what, first, second, distance, "L-infinity", detail))
    if reference.lengths and other.lengths:
        distance, detail = _kolmogorov_smirnov(reference.lengths, other.lengths)
        found.append(Drift("sentence length", first, second, distance, "Kolmogorov-Smirnov", detail))
    return found


def _shared(reference: SplitSummary, other: SplitSummary) -> list[str]:
    return [column for column in reference.columns if column in other.columns]


def _l_infinity(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[float, str]:
    """The largest change of a value's share."""
    changes = {
        value: (before.get(value, 0) / sum(before.values()), after.get(value, 0) / sum(after.values()))
        for value in sorted({*before, *after})
    }
    value = max(changes, key=lambda name: abs(changes[name][1] - changes[name][0]))
    old, new = changes[value]
    return abs(new - old), f"{value}: {old:.1%} to {new:.1%}"


def _kolmogorov_smirnov(before: tuple[float, ...], after: tuple[float, ...]) -> tuple[float, str]:
    """The largest gap between the two cumulative distributions that their deciles prove.

    Deciles say of each length which share of the sentences is no longer only to a tenth, and lengths are whole numbers:
    anything between the deciles would be made up, and would see drift between two samples of the same sentences.
    """
    gaps = [0.0]
    for length in {*before, *after}:
        (low, high), (other_low, other_high) = _share_up_to(before, length), _share_up_to(after, length)
        gaps += [low - other_high, other_low - high]
    middle = len(before) // 2
    return max(gaps), f"median {before[middle]:.0f} to {after[middle]:.0f} tokens"


def _share_up_to(quantiles: tuple[float, ...], length: float) -> tuple[float, float]:
    """The least and the largest share of values up to `length`; quantiles from minimum to maximum."""
    steps = len(quantiles) - 1
    reached = bisect.bisect_right(quantiles, length)  # this many of them are no larger
    return max(reached - 1, 0) / steps, min(reached, steps) / steps if reached else 0.0
