"""Settings of the Evaluator: the section `evaluator` of the configuration."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from components.common.settings import Count, NotNegative, Settings, Share
from components.evaluator.blessing.rule import METRIC_PATTERN


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """How sentences are sliced and resampled; configs/base.yaml holds the defaults and says more.

    Attributes:
        slices: columns to slice by: features, and any of `components.evaluator.counts.slicing.DERIVED`.
        sentence_length: upper ends of the ranges of `sentence_length`, in tokens.
        entity_length: the same for `entity_length`.
        bootstrap: replicates behind the intervals; 0 for no intervals.
        training_entities: file of `TrainingEntities`; the executor writes it and fills this in.
    """

    slices: tuple[str, ...] = ()
    sentence_length: tuple[int, ...] = (5, 10, 20, 40)
    entity_length: tuple[int, ...] = (1, 2, 3)
    bootstrap: int = 200
    training_entities: str = ""

    def __post_init__(self) -> None:
        """Refuses what cannot be meant.

        Raises:
            ValueError: ranges that do not rise from 1, or a negative number of replicates.
        """
        for name in ("sentence_length", "entity_length"):
            uppers = getattr(self, name)
            if any(upper < 1 for upper in uppers) or sorted(set(uppers)) != list(uppers):
                raise ValueError(f"{name} must hold rising numbers from 1 upwards, got {list(uppers)}")
        if self.bootstrap < 0:
            raise ValueError(f"bootstrap must be 0 or more, got {self.bootstrap}")

    def to_json(self) -> str:
        """The settings as text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what `to_json` gave."""
        values: dict[str, Any] = json.loads(text)
        for name in ("slices", "sentence_length", "entity_length"):
            values[name] = tuple(values[name])
        return cls(**values)


class BlessingRule(Settings):
    """A bound on one metric, on all examples or on slices."""

    metric: Annotated[str, Field(pattern=METRIC_PATTERN)] = "entity_f1"
    slice: str = ""
    min: Share | None = None
    max_regression: Share | None = None
    min_support: NotNegative | None = None

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        if self.min is None and self.max_regression is None:
            raise ValueError("a rule needs min, max_regression or both")
        return self


class EvaluatorSettings(Settings):
    """Slices, intervals and blessing rules; configs/base.yaml explains each setting."""

    min_f1: Share
    max_regression: Share
    rules: tuple[BlessingRule, ...]
    min_support: NotNegative
    slices: tuple[str, ...]
    sentence_length: tuple[Count, ...]
    entity_length: tuple[Count, ...]
    bootstrap: NotNegative

    @field_validator("sentence_length", "entity_length")
    @classmethod
    def _rises(cls, uppers: tuple[int, ...]) -> tuple[int, ...]:
        if sorted(set(uppers)) != list(uppers):
            raise ValueError("must rise from one number to the next")
        return uppers
