"""Result of comparing two data sets: a distance for each property of the data, and which limits are exceeded."""

from __future__ import annotations

import dataclasses
import json

from typing_extensions import Self

LARGEST_DIFFERENCE, DIVERGENCE, CHANGE = "L-infinity distance", "Jensen-Shannon divergence", "change of their share"
"""Names of the measures."""

WORDS = {LARGEST_DIFFERENCE: "largest change of a share", DIVERGENCE: "difference of the distributions"}
"""Measure -> words for people who know no statistics."""


@dataclasses.dataclass(frozen=True)
class Drift:
    """Distance between a reference and another data set in one property of the data.

    Attributes:
        what: the compared property: `entity types`, `sentence length`, `unknown words`, or a metadata column.
        reference: name of the reference data.
        other: name of the other data.
        distance: 0 (identical) to 1; for unknown words the change of their share, which is negative if it fell.
        measure: name of the distance.
        detail: the value that changed most, as a sentence fragment.
        limit: the largest accepted distance; None if no limit is set.
    """

    what: str
    reference: str
    other: str
    distance: float
    measure: str
    detail: str
    limit: float | None = None

    @property
    def words(self) -> str:
        """The measure in words that need no statistics."""
        return WORDS.get(self.measure, self.measure)

    @property
    def exceeded(self) -> bool:
        """True if the distance is above the limit."""
        return self.limit is not None and self.distance > self.limit

    def __str__(self) -> str:
        """Formats the distance, its limit and the largest change in one line."""
        limit = "no limit" if self.limit is None else f"limit {self.number(self.limit)}"
        return f"{self.what}: {self.words} {self.number(self.distance)}, {limit} ({self.detail})"

    def number(self, value: float) -> str:
        """Formats a distance or its limit; a change has its sign."""
        return f"{value:{'+.3g' if self.measure == CHANGE and value else '.3g'}}"


@dataclasses.dataclass(frozen=True)
class DriftReport:
    """All distances between two data sets; the one source of every statement about drift.

    The DriftValidator decides by it and writes it to `drift.json`; the Reporter shows that file.

    Attributes:
        drifts: the measured distances; empty if nothing was compared.
        enough: True if both data sets are large enough for limits to apply.
        sentences: sizes of the reference and of the other data set.
        not_measured: why nothing was compared, as a sentence fragment; empty if something was.

    Example:
        >>> types = Drift("entity types", "champion", "span-7", 0.3, "L-infinity distance", "PER: 60% to 30%", 0.25)
        >>> report = DriftReport((types,), sentences=(5000, 800))
        >>> report.drifted
        True
        >>> DriftReport.from_json(report.to_json()) == report
        True
    """

    drifts: tuple[Drift, ...] = ()
    enough: bool = True
    sentences: tuple[int, int] = (0, 0)
    not_measured: str = ""

    @property
    def exceeded(self) -> tuple[Drift, ...]:
        """The distances above their limit, whether or not limits apply."""
        return tuple(drift for drift in self.drifts if drift.exceeded)

    @property
    def drifted(self) -> bool:
        """True if a limit is exceeded and limits apply."""
        return self.enough and bool(self.exceeded)

    @property
    def verdict(self) -> str:
        """Returns the decision as a sentence."""
        if not self.drifts:
            return f"Drift was not measured: {self.not_measured or 'the data sets have nothing in common'}."
        if self.drifted:
            return f"The data drifted: {len(self.exceeded)} of {len(self.drifts)} distances exceed their limit."
        if self.exceeded:
            return (
                f"Limits do not apply: {min(self.sentences):,} sentences are fewer than drift.min_sentences. "
                f"{len(self.exceeded)} of {len(self.drifts)} distances are above their limit."
            )
        return "No distance exceeds its limit."

    def to_json(self) -> str:
        """Returns the report as JSON, with `drifted` for readers outside this project."""
        values = {**dataclasses.asdict(self), "drifted": self.drifted}
        return json.dumps(values, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads the output of `to_json`.

        Raises:
            ValueError: the text has another form.
        """
        try:
            values = json.loads(text)
            drifts = tuple(Drift(**drift) for drift in values["drifts"])
            return cls(drifts, values["enough"], tuple(values["sentences"]), values.get("not_measured", ""))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a drift report of this version ({type(error).__name__}: {error})") from error
