"""An evaluation with one entity type, for texts about scores."""

from __future__ import annotations

from components.evaluator.results.evaluation import Comparison, Evaluation, Slice
from components.evaluator.results.model_scores import EntityScores, Estimate, Scores, TypedScores


def small_evaluation(blessing, champion=False):
    """Returns an evaluation with this blessing, with or without a champion to compare with."""
    of_type = EntityScores(Estimate(0.5), Estimate(1.0), Estimate(0.667, 0.601, 0.701), 3, 6)
    typed = TypedScores(of_type, of_type, {"PER": of_type})
    scores = Scores(2, 9, typed, typed, of_type, of_type, {})
    changes = {"entity_f1": Estimate(0.04), "entity_f1/PER": Estimate(-0.03)} if champion else {}
    return Evaluation(Comparison(Slice(), scores, scores if champion else None, changes), (), blessing)
