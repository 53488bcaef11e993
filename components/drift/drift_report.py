"""How far two data sets lie apart."""

from __future__ import annotations

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Distance:
    """One comparison.

    Attributes:
        what: what was compared: `labels`, `lengths`, `unknown words`, or `column <name>`.
        measure: name of the distance.
        value: the distance.
        limit: what it may be; None where nobody said.
        detail: where the difference is largest, in words.
    """

    what: str
    measure: str
    value: float
    limit: float | None
    detail: str

    @property
    def exceeded(self) -> bool:
        """Whether the limit is passed."""
        return self.limit is not None and self.value > self.limit

    def __str__(self) -> str:
        """One readable line."""
        limit = "no limit" if self.limit is None else f"limit {self.limit:.3g}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.what}: {self.measure} {self.value:.3g}, {limit}{detail}"


@dataclasses.dataclass(frozen=True)
class DriftReport:
    """All comparisons of two data sets.

    Attributes:
        distances: those that could be made.
        enough: whether both data sets are large enough for the limits to count.
        compared_with: what the data was held against, in words; empty when there was nothing.
    """

    distances: tuple[Distance, ...] = ()
    enough: bool = True
    compared_with: str = ""

    @property
    def exceeded(self) -> tuple[Distance, ...]:
        """The comparisons whose limit is passed."""
        return tuple(distance for distance in self.distances if distance.exceeded)

    @property
    def drifted(self) -> bool:
        """Whether a limit is passed and the data sets are large enough for that to mean something."""
        return self.enough and bool(self.exceeded)

    def to_json(self) -> str:
        """The report as text, for whoever shows it."""
        values = {**dataclasses.asdict(self), "drifted": self.drifted}
        return json.dumps(values, ensure_ascii=False, indent=1) + "\n"
