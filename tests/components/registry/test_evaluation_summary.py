from __future__ import annotations

import math

import pytest

from components.evaluator.errors import EvaluationError
from components.evaluator.scores import write_scores
from components.registry.evaluation_summary import EvaluationSummary

SCORES = {
    "overall": {"entity_f1": 0.5, "entity_macro_f1": math.nan},
    "per_type": {"PER": {"f1": 0.25, "support": 4}},
    "slices": {"source=a": {"overall": {"entity_f1": 0.125}, "per_type": {"PER": {"f1": 0.0}}}},
    "baseline": {"overall": {"entity_f1": 0.75}, "per_type": {}},
    "failures": ["too low"],
}


def test_evaluation_summary_reads_what_the_evaluator_wrote(tmp_path):
    write_scores(str(tmp_path), SCORES)
    summary = EvaluationSummary.read(str(tmp_path))
    assert summary == EvaluationSummary(
        metrics={"entity_f1": 0.5},
        by_type={"PER": {"f1": 0.25, "support": 4.0}},
        by_slice={"source=a": {"entity_f1": 0.125}},
        champion={"entity_f1": 0.75},
        failures=("too low",),
    )
    assert summary.verdict() == "entity F1 0.5000, champion 0.7500"


def test_evaluation_summary_without_a_champion(tmp_path):
    write_scores(str(tmp_path), {**SCORES, "baseline": None})
    assert EvaluationSummary.read(str(tmp_path)).verdict() == "entity F1 0.5000, no champion"


def test_evaluation_summary_of_nothing_says_nothing(tmp_path):
    assert EvaluationSummary().verdict() == ""
    with pytest.raises(EvaluationError, match=r"scores\.json"):
        EvaluationSummary.read(str(tmp_path))
