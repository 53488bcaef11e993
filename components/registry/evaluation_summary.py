"""The part of an evaluation that is registered with a version."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from components.evaluator.scores import read_scores

F1 = "entity_f1"
"""Name of the score by which models are compared."""


@dataclass(frozen=True)
class EvaluationSummary:
    """Scores, finite ones only.

    Attributes:
        metrics: Of all examples.
        by_type: Entity type -> scores.
        by_slice: Slice -> scores.
        champion: Scores of the champion on the same examples; empty when there was none.
        failures: What the blessing was refused for, a line each.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    by_type: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    by_slice: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    champion: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[str, ...] = ()

    @classmethod
    def read(cls, uri: str) -> Self:
        """Reads the evaluation of a run.

        Args:
            uri: URI of an `evaluation` artifact of the Evaluator.

        Raises:
            EvaluationError: If there is none, or it cannot be read.
        """
        scores = read_scores(uri)
        baseline = scores.get("baseline") or {}
        return cls(
            metrics=_finite(scores["overall"]),
            by_type={name: _finite(row) for name, row in scores["per_type"].items()},
            by_slice={name: _finite(row["overall"]) for name, row in scores["slices"].items()},
            champion=_finite(baseline.get("overall", {})),
            failures=tuple(scores.get("failures", ())),
        )

    def verdict(self) -> str:
        """The comparison in a few words, such as `entity F1 0.912, champion 0.897`; empty without scores."""
        if F1 not in self.metrics:
            return ""
        champion = f", champion {self.champion[F1]:.4f}" if F1 in self.champion else ", no champion"
        return f"entity F1 {self.metrics[F1]:.4f}{champion}"


def _finite(scores: Mapping[str, Any]) -> dict[str, float]:
    """What is undefined (no example of its kind) is left out."""
    return {key: float(value) for key, value in scores.items() if math.isfinite(value)}
