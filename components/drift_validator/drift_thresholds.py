"""How far new data may lie from what the champion was trained on."""

from __future__ import annotations

import dataclasses
import json
from typing import Self

IGNORE, WARN, STOP = "ignore", "warn", "stop"  # not "off", which YAML reads as false


@dataclasses.dataclass(frozen=True)
class DriftThresholds:
    """Limits; configs/base.yaml holds the defaults. None switches a check off.

    Attributes:
        action: what happens when a limit is passed: `IGNORE`, `WARN` or `STOP`.
        min_sentences: with fewer sentences in either data set no limit counts: small samples differ by chance.
        types: largest change of an entity type's share of all entities (L-infinity).
        length: Jensen-Shannon divergence of the sentence lengths.
        columns: largest change of a value's share in a metadata column (L-infinity), for columns without a
            comparator of their own in the schema.
        unknown: by how much the share of tokens that the champion's training split does not have may be higher than
            in its own held out splits.
    """

    action: str
    min_sentences: int
    types: float | None
    length: float | None
    columns: float | None
    unknown: float | None

    def to_json(self) -> str:
        """The limits as text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(text))
