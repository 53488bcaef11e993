"""Outputs of the Evaluator."""

from __future__ import annotations

import dataclasses

import pytest
from support.evaluation import make_batch
from support.lazy import LazyModule

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import sentence_counts
from components.evaluator.counts.scoring import scores
from components.evaluator.results.evaluation import Blessing, Comparison, Evaluation, RuleOutcome, Slice

pytestmark = pytest.mark.extended

outputs = LazyModule("components.evaluator.outputs")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

FAILED = RuleOutcome(
    rule="bound", metric="entity_f1", slice="all examples", state="failed", bound=0.9, support=1, min_support=1,
    value=0.5, champion=None, text="too low",
)  # fmt: skip


def result(blessing):
    batch = make_batch([["B-X", "O"]], [["B-X", "B-Y"]], [[0.9, 0.8]])
    candidate = scores(CountTable.of(*sentence_counts(batch), draws(batch.keys, 0)))
    return Evaluation(Comparison(Slice(), candidate), (), blessing)


def artifact(artifact_type, folder):
    made = artifact_type()
    made.uri = str(folder)
    made.id = 5
    return made


def test_overall_scores_become_properties(tmp_path):
    evaluation = artifact(standard_artifacts.ModelEvaluation, tmp_path)
    outputs.write_score_properties(evaluation, result(Blessing(True)))
    assert evaluation.get_float_custom_property("entity_precision") == 0.5
    assert evaluation.get_float_custom_property("entity_support") == 1.0
    assert evaluation.get_float_custom_property("example_count") == 1.0
    assert evaluation.get_int_custom_property("blessed") == 1
    assert not evaluation.has_custom_property("entity_f1/X")


def test_empty_evaluation_has_no_scores(tmp_path):
    evaluation = artifact(standard_artifacts.ModelEvaluation, tmp_path)
    outputs.write_score_properties(evaluation, Evaluation(None, (), Blessing(False)))
    assert not evaluation.has_custom_property("entity_f1")
    assert evaluation.get_int_custom_property("blessed") == 0


@pytest.mark.parametrize(
    ("blessing", "file", "content"),
    [
        (Blessing(True), "BLESSED", ""),
        (Blessing(False, (FAILED,)), "NOT_BLESSED", ""),
        (Blessing(True, (FAILED,), (), "why"), "BLESSED", "why"),
    ],
)
def test_blessing_is_written_as_in_tfx(tmp_path, blessing, file, content):
    noted = artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
    inputs = {
        "model": [artifact(standard_artifacts.Model, tmp_path / "new")],
        "baseline_model": [artifact(standard_artifacts.Model, tmp_path / "old")],
    }
    outputs.write_blessing(noted, blessing, inputs, {"current_component_id": "Evaluator"})
    assert [path.name for path in (tmp_path / "blessing").iterdir()] == [file]
    assert (tmp_path / "blessing" / file).read_text() == content
    assert noted.get_int_custom_property("blessed") == int(blessing.blessed)
    assert noted.get_string_custom_property("current_model") == str(tmp_path / "new")
    assert noted.get_int_custom_property("current_model_id") == 5
    assert noted.get_string_custom_property("baseline_model") == str(tmp_path / "old")
    assert noted.get_string_custom_property("component_id") == "Evaluator"
    assert noted.has_custom_property("forced") == bool(content)


@pytest.mark.parametrize(
    ("blessing", "words"),
    [
        (Blessing(True), "The model is blessed: entity F1 0.667"),
        (Blessing(False, (FAILED,), ("note",)), "The model is not blessed: too low; note"),
        (Blessing(True, (FAILED,), (), "why"), "The model is blessed by force (why) against: too low"),
    ],
)
def test_decision_is_logged(caplog, blessing, words):
    from absl import logging

    with caplog.at_level(logging.converter.ABSL_TO_STANDARD[logging.INFO], logger="absl"):
        outputs.log_decision(result(blessing))
    assert words in caplog.text


@pytest.mark.parametrize(
    ("low", "words"),
    [
        (-0.006, "; against the champion: F1 +0.004, within noise (95 % interval -0.006 to +0.013)"),
        (0.001, "; against the champion: F1 +0.004 (95 % interval +0.001 to +0.013)"),
    ],
)
def test_a_promotion_within_noise_is_logged_as_one(caplog, low, words):
    from absl import logging

    from components.evaluator.results.model_scores import Estimate

    blessed = result(Blessing(True))
    changes = {"entity_f1": Estimate(0.004, low, 0.013)}
    compared = dataclasses.replace(blessed, overall=dataclasses.replace(blessed.overall, changes=changes))
    with caplog.at_level(logging.converter.ABSL_TO_STANDARD[logging.INFO], logger="absl"):
        outputs.log_decision(compared)
    assert f"The model is blessed: entity F1 0.667{words}" in caplog.text
