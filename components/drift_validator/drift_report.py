"""How far two data sets lie apart."""

from __future__ import annotations

import dataclasses
import json

from components.drift_validator.drift import Drift

FILE_NAME = "drift.json"


@dataclasses.dataclass(frozen=True)
class DriftReport:
    """All comparisons of two data sets.

    Attributes:
        drifts: those that could be made.
        enough: whether both data sets are large enough for the limits to count.
        sentences: how many the reference and the other data set have.
    """

    drifts: tuple[Drift, ...] = ()
    enough: bool = True
    sentences: tuple[int, int] = (0, 0)

    @property
    def exceeded(self) -> tuple[Drift, ...]:
        """The comparisons whose limit is passed."""
        return tuple(drift for drift in self.drifts if drift.exceeded)

    @property
    def drifted(self) -> bool:
        """Whether a limit is passed and the data sets are large enough for that to mean something."""
        return self.enough and bool(self.exceeded)

    def to_json(self) -> str:
        """The report as text, for whoever shows it."""
        values = {**dataclasses.asdict(self), "drifted": self.drifted}
        return json.dumps(values, ensure_ascii=False, indent=1) + "\n"
