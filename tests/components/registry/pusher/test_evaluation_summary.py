from __future__ import annotations

import dataclasses

import pytest

from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Blessing, Evaluation
from components.evaluator.results.model_scores import Estimate
from components.evaluator.results.scores_file import write_evaluation
from components.registry.pusher.evaluation_summary import EvaluationSummary


@pytest.fixture
def summary(tmp_path):
    def read(evaluation):
        write_evaluation(str(tmp_path), evaluation)
        return EvaluationSummary.read(str(tmp_path))

    return read


def test_the_summary_holds_scores_verdict_and_failures(summary, make_evaluation):
    read = summary(make_evaluation(0.5, 0.125, 0.75, "too low", champion_version="3"))
    assert read.metrics == {
        "entity_precision": 0.5, "entity_recall": 0.5, "entity_f1": 0.5, "entity_macro_f1": 0.5,
        "strict_f1": 0.5, "boundary_f1": 0.5, "type_f1": 0.5,
    }  # fmt: skip
    assert read.by_type == {"PER": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 8.0}}
    assert read.by_slice == {"source=a": {"precision": 0.125, "recall": 0.125, "f1": 0.125, "support": 8.0}}
    assert (read.champion["entity_f1"], read.champion_version) == (0.75, "3")
    assert read.failures == ("too low",)
    assert read.verdict() == "entity F1 0.5000, champion 0.7500"


def test_the_verdict_says_if_the_change_is_noise(summary, make_evaluation):
    evaluation = make_evaluation(0.5, 0.125, 0.49)
    changes = {"entity_f1": Estimate(0.01, -0.02, 0.04)}
    evaluation = dataclasses.replace(evaluation, overall=dataclasses.replace(evaluation.overall, changes=changes))
    assert summary(evaluation).verdict() == (
        "entity F1 0.5000, champion 0.4900; F1 +0.010, within noise (95 % interval -0.020 to +0.040)"
    )


@pytest.mark.extended
def test_the_verdict_without_a_champion(summary, make_evaluation):
    assert summary(make_evaluation(0.5, 0.125, None)).verdict() == "entity F1 0.5000, no champion"


@pytest.mark.extended
def test_a_forced_blessing_has_no_failures(summary, make_evaluation):
    evaluation = make_evaluation(0.5, 0.125, None, "too low")
    forced = Evaluation(evaluation.overall, (), Blessing(True, evaluation.blessing.rules, (), "we know"))
    assert summary(forced).failures == ()


def test_undefined_scores_are_left_out(summary, make_evaluation):
    evaluation = make_evaluation(None, None, None)
    read = summary(evaluation)
    assert read.metrics == {}
    assert read.by_slice == {"source=a": {"support": 8.0}}
    assert read.verdict() == ""


def test_an_evaluation_of_no_example_has_no_scores(summary):
    read = summary(Evaluation(None, (), Blessing(False, (), ("no example was evaluated",))))
    assert read.verdict() == ""
    assert read.failures == ("no example was evaluated",)


def test_a_missing_evaluation_is_an_error(tmp_path):
    assert EvaluationSummary().verdict() == ""
    with pytest.raises(EvaluationError, match=r"scores\.json"):
        EvaluationSummary.read(str(tmp_path))
