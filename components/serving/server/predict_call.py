"""A request to a served version, and its answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class VersionChoice(NamedTuple):
    """The version that a request names.

    Attributes:
        model: name of the model.
        version: its number; None: by label.
        label: of the version; None: the champion, or without one the highest number.
    """

    model: str
    version: int | None = None
    label: str | None = None


@dataclasses.dataclass(frozen=True)
class PredictRequest:
    """One request.

    Attributes:
        model, version, label: the version, see `VersionChoice`.
        signature: its name; empty: `serving_default`.
        inputs: by name; strings are arrays of dtype object with `bytes`.
        outputs: names of the outputs to return; empty: all.
        timeout: seconds that the caller waits.
    """

    model: str
    version: int | None
    label: str | None
    signature: str
    inputs: Mapping[str, np.ndarray]
    outputs: tuple[str, ...] = ()
    timeout: float | None = None


@dataclasses.dataclass(frozen=True)
class PredictAnswer:
    """The answer to a request.

    Attributes:
        version: that answered.
        signature: that was run.
        outputs: by name; strings are arrays of dtype object with `bytes`.
    """

    version: int
    signature: str
    outputs: Mapping[str, np.ndarray]
