"""Limits of the drift between new data and the champion's training data."""

from __future__ import annotations

import dataclasses
import json
from typing import Self

IGNORE, WARN, STOP = "ignore", "warn", "stop"  # not "off", which YAML reads as false


@dataclasses.dataclass(frozen=True)
class DriftThresholds:
    """Limits; None disables a check.

    Attributes:
        action: action if a limit is exceeded: `IGNORE`, `WARN` or `STOP`.
        min_sentences: limits apply only to data sets of at least this size: small samples differ by chance.
        types: largest change of an entity type's share of all entities (L-infinity).
        length: Jensen-Shannon divergence of the sentence lengths.
        columns: largest change of a value's share in a metadata column (L-infinity), for columns without a
            comparator in the schema.
        unknown: largest rise of the share of tokens missing from the champion's training split, compared with the
            champion's held-out splits.
    """

    action: str
    min_sentences: int
    types: float | None
    length: float | None
    columns: float | None
    unknown: float | None

    def to_json(self) -> str:
        """Returns the limits as JSON."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads the output of `to_json`."""
        return cls(**json.loads(text))
