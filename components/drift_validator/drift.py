"""One distance between two data sets."""

from __future__ import annotations

import dataclasses

NOTABLE = 0.1
"""A tenth of the data has moved: a reader should look. Nothing is decided by it."""


@dataclasses.dataclass(frozen=True)
class Drift:
    """One distance between a reference and another data set.

    Attributes:
        what: what was compared: `entity types`, `sentence length`, `unknown words`, or the name of a metadata column.
        reference: name of the reference data.
        other: name of the other data.
        distance: 0 (the same) to 1; for unknown words the rise of their share, which may be negative.
        measure: name of the distance.
        detail: where the difference is largest, in words.
        limit: what the distance may be; None where nobody said.
    """

    what: str
    reference: str
    other: str
    distance: float
    measure: str
    detail: str
    limit: float | None = None

    @property
    def notable(self) -> bool:
        """Whether a reader should look at it."""
        return self.distance >= NOTABLE

    @property
    def exceeded(self) -> bool:
        """Whether the limit is passed."""
        return self.limit is not None and self.distance > self.limit

    def __str__(self) -> str:
        """One readable line."""
        limit = "no limit" if self.limit is None else f"limit {self.limit:.3g}"
        return f"{self.what}: {self.measure} {self.distance:.3g}, {limit} ({self.detail})"
