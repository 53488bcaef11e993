"""Settings of the Tuner: the section `tuner` of the configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from components.common.settings import Count, Settings


class TunerSettings(Settings):
    """Hyperparameter search; configs/base.yaml explains each setting."""

    enabled: bool
    trials: Count
    epochs: Count
    method: Literal["random", "bayesian"]
    space: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]]
