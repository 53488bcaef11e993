"""Outputs for the user interface, at compile time and in the pod."""

from __future__ import annotations

import dataclasses
import json

import pytest
from support.lazy import LazyModule

from components.evaluator.results.evaluation import Blessing, Comparison, Evaluation, Slice
from components.evaluator.results.model_scores import Confusion, EntityScores, Estimate, Scores, TypedScores
from components.evaluator.results.scores_file import write_evaluation
from components.keys import MODEL_CARD_MARKDOWN_FILE, REPORT_FILE
from pipeline.kubeflow.container.ui_artifacts import UI_OUTPUTS, add_ui_outputs, fill_ui_outputs

artifact_types = LazyModule("kfp.dsl.types.artifact_types")
json_format = LazyModule("google.protobuf.json_format")
spec_pb2 = LazyModule("kfp.pipeline_spec.pipeline_spec_pb2")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")


def entity_scores(f1):
    return EntityScores(Estimate(f1), Estimate(f1), Estimate(f1, 0.1, 0.9), 3, 4)


def scores(f1):
    typed = TypedScores(entity_scores(f1), entity_scores(f1), {"LOC": entity_scores(f1)})
    confusion = Confusion(("O", "LOC"), ((5, 1), (2, 7)))
    return Scores(4, 15, typed, typed, entity_scores(f1), entity_scores(f1), {}, Estimate(0.98765), None, confusion)


@pytest.fixture
def evaluation(tmp_path):
    """An evaluation whose champion is better; artifact and document."""
    artifact = standard_artifacts.ModelEvaluation()
    artifact.uri = str(tmp_path)
    comparison = Comparison(Slice(), scores(0.123456), scores(0.5))
    blessing = Blessing(False, notes=("the champion is better",))
    write_evaluation(artifact.uri, Evaluation(comparison, (), blessing, champion_version="4"))
    return artifact


def filled(name, source, tmp_path):
    output = next(output for output in UI_OUTPUTS if output.name == name)
    message = spec_pb2.ExecutorOutput()
    target = spec_pb2.RuntimeArtifact(uri=str(tmp_path / "new" / name))
    fill_ui_outputs(message, {name: target, "executor-logs": spec_pb2.RuntimeArtifact()}, {output.source: source})
    assert list(message.artifacts) == [name]
    [artifact] = message.artifacts[name].artifacts
    return artifact, json_format.MessageToDict(artifact.metadata)


def test_scores_are_those_of_the_candidate_with_the_decision(tmp_path, evaluation):
    _, shown = filled("scores", evaluation, tmp_path)
    assert shown["entity_f1"] == shown["entity_f1/LOC"] == 0.1235
    assert shown["token_accuracy"] == 0.9877
    assert (shown["champion_version"], shown["champion_entity_f1"]) == (4, 0.5)
    assert (shown["blessed"], shown["not_blessed_because"]) == (0, "the champion is better")
    assert "entity_precision/LOC" not in shown


def test_the_confusion_matrix_has_the_form_of_kubeflows_own_class(tmp_path, evaluation):
    expected = artifact_types.ClassificationMetrics()
    expected.log_confusion_matrix(["O", "LOC"], [[5, 1], [2, 7]])
    _, shown = filled("confusion_matrix", evaluation, tmp_path)
    assert shown == expected.metadata


@pytest.mark.extended
def test_an_empty_evaluation_shows_the_decision(tmp_path, evaluation):
    write_evaluation(evaluation.uri, Evaluation(None, (), Blessing(False)))
    assert filled("scores", evaluation, tmp_path)[1] == {"blessed": 0}
    assert filled("confusion_matrix", evaluation, tmp_path)[1] == {}


@pytest.mark.parametrize(
    ("name", "file", "text", "shown"),
    [
        ("report_page", REPORT_FILE, "<b>ä</b>", "<b>ä</b>"),
        ("model_card_page", MODEL_CARD_MARKDOWN_FILE, "---\na: 1\n---\n\n# ä\n\n---\nb\n", "# ä\n\n---\nb\n"),
        ("model_card_page", MODEL_CARD_MARKDOWN_FILE, "# ä\n---\nb\n---\n", "# ä\n---\nb\n---\n"),
    ],
    ids=["report", "card", "card without a header"],
)
def test_pages_are_files_at_the_uri_itself(tmp_path, name, file, text, shown):
    from components.artifacts import Report

    source = Report()
    source.uri = str(tmp_path)
    (tmp_path / file).write_text(text, encoding="utf-8")
    artifact, _ = filled(name, source, tmp_path)
    with open(artifact.uri, encoding="utf-8") as page:
        assert page.read() == shown


def test_a_registration_shows_version_and_alias_or_the_reason(tmp_path):
    pushed = standard_artifacts.PushedModel()
    pushed.set_int_custom_property("pushed", 1)
    pushed.set_int_custom_property("registry_version", 12)
    pushed.set_string_custom_property("registry_alias", "champion")
    assert filled("registration", pushed, tmp_path)[1] == {"pushed": 1, "version": 12, "alias": "champion"}
    refused = standard_artifacts.PushedModel()
    refused.set_int_custom_property("pushed", 0)
    refused.set_string_custom_property("reason", "it is not blessed")
    assert filled("registration", refused, tmp_path)[1] == {"pushed": 0, "reason": "it is not blessed"}


def spec_of(*nodes):
    """Returns a compiled pipeline whose components are not named like its nodes."""
    tasks = {node: {"taskInfo": {"name": node}, "componentRef": {"name": f"comp-{node.lower()}"}} for node in nodes}
    outputs = {output.source: {"artifactType": {"schemaTitle": "tfx.X"}} for output in UI_OUTPUTS}
    components = {f"comp-{node.lower()}": {"outputDefinitions": {"artifacts": dict(outputs)}} for node in nodes}
    return {"root": {"dag": {"tasks": tasks}}, "components": components}


def test_outputs_are_added_to_existing_nodes_only():
    spec = spec_of("Evaluator", "Trainer")
    before = json.loads(json.dumps(spec["components"]["comp-trainer"]))
    add_ui_outputs(spec)
    added = spec["components"]["comp-evaluator"]["outputDefinitions"]["artifacts"]
    assert added["scores"] == {"artifactType": {"schemaTitle": "system.Metrics", "schemaVersion": "0.0.1"}}
    assert added["confusion_matrix"]["artifactType"]["schemaTitle"] == "system.ClassificationMetrics"
    assert spec["components"]["comp-trainer"] == before


@pytest.mark.extended
def test_adding_twice_changes_nothing():
    spec = spec_of(*{output.node for output in UI_OUTPUTS})
    add_ui_outputs(spec)
    once = json.dumps(spec)
    add_ui_outputs(spec)
    assert json.dumps(spec) == once


@pytest.mark.extended
def test_kubeflow_knows_every_type_and_names_are_unique():
    import kfp.dsl.types.artifact_types as kfp_types

    known = {value.schema_title for value in vars(kfp_types).values() if hasattr(value, "schema_title")}
    assert {output.schema for output in UI_OUTPUTS} <= known
    names = [output.name for output in UI_OUTPUTS]
    assert len(set(names)) == len(names)
    assert not {dataclasses.astuple(output)[3] for output in UI_OUTPUTS} & set(names)
