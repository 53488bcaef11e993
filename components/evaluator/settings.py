"""What an evaluation is told, carried inside TFMA's configuration as the settings of our metric."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Self


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
