"""Settings of the Tuner: the section `tuner` of the configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from components.common.settings import Count, Positive, Settings


class TunerSettings(Settings):
    """Hyperparameter search; configs/base.yaml explains each setting."""

    enabled: bool
    trials: Count
    minutes: Positive | None
    epochs: Count
    method: Literal["hyperband", "random", "bayesian"]
    space: Annotated[
        Annotated[dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]], Tag("[value]")]
        | Annotated[Literal["auto"], Tag("[key]")],  # messages leave these names out
        Discriminator(lambda value: "[key]" if isinstance(value, str) else "[value]"),
    ]
