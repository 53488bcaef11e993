"""A model that is to be packaged."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class ModelVersion:
    """One version of the model.

    Attributes:
        folder: a SavedModel; it is only read.
        version: its number, from 1 upwards.
        labels: names by which a server offers it beside the number, e.g. `champion`.
    """

    folder: Path
    version: int
    labels: tuple[str, ...] = ()
