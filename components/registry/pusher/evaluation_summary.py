"""The part of an evaluation that is registered with a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from components.evaluator.results.evaluation import Comparison, EntityScores, Evaluation, Scores
from components.evaluator.results.scores import read_evaluation

F1 = "entity_f1"
"""Name of the score by which models are compared."""


@dataclass(frozen=True)
class EvaluationSummary:
    """Scores of the model, without their intervals.

    Attributes:
        metrics: Of all examples.
        by_type: Entity type -> scores.
        by_slice: Slice -> scores.
        champion: Scores of the champion on the same examples; empty when there was none.
        failures: What the blessing was refused for, a line each; empty when it was given.
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
        evaluation = read_evaluation(uri)
        if evaluation.overall is None:  # no example was evaluated
            return cls(failures=_failures(evaluation))
        overall = evaluation.overall
        return cls(
            metrics=_metrics(overall.candidate),
            by_type={name: _row(scores) for name, scores in overall.candidate.entities.per_type.items()},
            by_slice={row.slice.name: _row(_entities(row)) for row in evaluation.slices},
            champion=_metrics(overall.champion) if overall.champion else {},
            failures=_failures(evaluation),
        )

    def verdict(self) -> str:
        """The comparison in a few words, such as `entity F1 0.912, champion 0.897`; empty without scores."""
        if F1 not in self.metrics:
            return ""
        champion = f", champion {self.champion[F1]:.4f}" if F1 in self.champion else ", no champion"
        return f"entity F1 {self.metrics[F1]:.4f}{champion}"


def _metrics(scores: Scores) -> dict[str, float]:
    """Those of all types together; `by_type` has the others."""
    return {name: estimate.value for name, estimate in scores.metrics().items() if "/" not in name}


def _entities(row: Comparison) -> EntityScores:
    return row.candidate.entities.micro


def _row(scores: EntityScores) -> dict[str, float]:
    shares = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return {**{name: share.value for name, share in shares.items()}, "support": float(scores.support)}


def _failures(evaluation: Evaluation) -> tuple[str, ...]:
    blessing = evaluation.blessing
    return () if blessing.blessed else (*blessing.failures, *blessing.notes)
