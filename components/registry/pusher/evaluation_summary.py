"""Scores and verdict of an evaluation, as the registry stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import Self

from components.evaluator.results.evaluation import Evaluation
from components.evaluator.results.model_scores import EntityScores, Scores
from components.evaluator.results.scores_file import read_evaluation

F1 = "entity_f1"
"""Main score of the comparison."""


@dataclass(frozen=True)
class EvaluationSummary:
    """Scores of the model without their intervals; undefined ones are left out.

    Attributes:
        metrics: scores on all examples.
        by_type: entity type -> scores.
        by_slice: slice -> scores.
        champion: scores of the champion on the same examples; empty if there was none.
        champion_version: registered version of the champion as text; empty if there was none.
        change: change of F1 against the champion in words, with the word `noise` if it may be one.
        failures: reasons to refuse the blessing, a line each; empty if blessed.

    Example:
        >>> EvaluationSummary(metrics={"entity_f1": 0.912}, champion={"entity_f1": 0.897}).verdict()
        'entity F1 0.9120, champion 0.8970'
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    by_type: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    by_slice: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    champion: Mapping[str, float] = field(default_factory=dict)
    champion_version: str = ""
    change: str = ""
    failures: tuple[str, ...] = ()

    @classmethod
    def read(cls, uri: str) -> Self:
        """Reads the evaluation of a run.

        Args:
            uri: URI of an `evaluation` artifact of the Evaluator.

        Raises:
            EvaluationError: it is missing or cannot be read.
        """
        evaluation = read_evaluation(uri)
        if evaluation.overall is None:  # no example was evaluated
            return cls(champion_version=evaluation.champion_version, failures=_failures(evaluation))
        overall = evaluation.overall
        return cls(
            metrics=_metrics(overall.candidate),
            by_type={name: _row(scores) for name, scores in overall.candidate.entities.per_type.items()},
            by_slice={row.slice.name: _row(row.candidate.entities.micro) for row in evaluation.slices},
            champion=_metrics(overall.champion) if overall.champion else {},
            champion_version=evaluation.champion_version,
            change=overall.f1_change,
            failures=_failures(evaluation),
        )

    def verdict(self) -> str:
        """Returns the comparison in words; empty without scores."""
        if F1 not in self.metrics:
            return ""
        champion = f", champion {self.champion[F1]:.4f}" if F1 in self.champion else ", no champion"
        change = f"; {self.change}" if self.change else ""
        return f"entity F1 {self.metrics[F1]:.4f}{champion}{change}"


def _metrics(scores: Scores) -> dict[str, float]:
    """Returns the scores of all types together; `by_type` has the others."""
    metrics = scores.metrics()
    return {name: each.value for name, each in metrics.items() if "/" not in name and each.value is not None}


def _row(scores: EntityScores) -> dict[str, float]:
    defined = {name: share.value for name, share in scores.shares().items() if share.value is not None}
    return {**defined, "support": float(scores.support)}


def _failures(evaluation: Evaluation) -> tuple[str, ...]:
    blessing = evaluation.blessing
    return () if blessing.blessed else (*blessing.failures, *blessing.notes)
