"""Settings of the DriftValidator: the section `drift` of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from components.common.settings import Limit, NotNegative, Settings


class DriftSettings(Settings):
    """Limits of the distance between new data and the champion's training data; None disables a check.

    Attributes:
        action: action of a run if a limit is exceeded. `ignore` instead of `off`, which YAML reads as false.
        min_sentences: limits apply only to data sets of at least this size: small samples differ by chance.
        types: largest change of an entity type's share of all entities (L-infinity).
        length: Jensen-Shannon divergence of the sentence lengths.
        columns: largest change of a value's share in a metadata column (L-infinity), for columns without a comparator
            in the schema.
        unknown: largest rise of the share of tokens missing from the champion's training split, compared with the
            champion's held-out splits.
        requests: log of served requests that `ner drift` and `ner retrain` compare.
    """

    action: Literal["ignore", "warn", "stop"]
    min_sentences: NotNegative
    types: Limit | None
    length: Limit | None
    columns: Limit | None
    unknown: Limit | None
    requests: Path | None
