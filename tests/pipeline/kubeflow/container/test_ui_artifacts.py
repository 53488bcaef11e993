"""What a run shows in the user interface: the table, and its way through compilation and pod."""

from __future__ import annotations

import dataclasses
import json

import pytest
from google.protobuf import json_format
from kfp.dsl.types import artifact_types
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2
from tfx.types import standard_artifacts

from components.artifacts import ModelCard, Report
from components.evaluator.results.evaluation import Blessing, Comparison, Evaluation, Slice
from components.evaluator.results.model_scores import Confusion, EntityScores, Estimate, Scores, TypedScores
from components.evaluator.results.scores import write_evaluation
from pipeline.kubeflow.container.ui_artifacts import UI_OUTPUTS, add_ui_outputs, fill_ui_outputs


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
    place = spec_pb2.RuntimeArtifact(uri=str(tmp_path / "new" / name))
    fill_ui_outputs(message, {name: place, "executor-logs": spec_pb2.RuntimeArtifact()}, {output.source: source})
    assert list(message.artifacts) == [name]
    [artifact] = message.artifacts[name].artifacts
    return artifact, json_format.MessageToDict(artifact.metadata)


def test_scores_are_numbers_of_the_candidate_and_the_decision_in_words(tmp_path, evaluation):
    _, shown = filled("scores", evaluation, tmp_path)
    assert shown["entity_f1"] == shown["entity_f1/LOC"] == 0.1235
    assert shown["token_accuracy"] == 0.9877
    assert (shown["champion_version"], shown["champion_entity_f1"]) == ("4", 0.5)
    assert (shown["blessed"], shown["not_blessed_because"]) == ("no", "the champion is better")
    assert "entity_precision/LOC" not in shown


def test_the_confusion_matrix_is_what_kubeflows_own_class_writes(tmp_path, evaluation):
    expected = artifact_types.ClassificationMetrics()
    expected.log_confusion_matrix(["O", "LOC"], [[5, 1], [2, 7]])
    _, shown = filled("confusion_matrix", evaluation, tmp_path)
    assert shown == expected.metadata


def test_an_evaluation_of_nothing_shows_the_decision(tmp_path, evaluation):
    write_evaluation(evaluation.uri, Evaluation(None, (), Blessing(False)))
    assert filled("scores", evaluation, tmp_path)[1] == {"blessed": "no"}
    assert filled("confusion_matrix", evaluation, tmp_path)[1] == {}


@pytest.mark.parametrize(
    ("name", "kind", "file", "text", "shown"),
    [
        ("report_page", Report, "report.html", "<b>ä</b>", "<b>ä</b>"),
        ("model_card_page", ModelCard, "model_card.md", "---\na: 1\n---\n\n# ä\n\n---\nb\n", "# ä\n\n---\nb\n"),
        ("model_card_page", ModelCard, "model_card.md", "# ä\n---\nb\n---\n", "# ä\n---\nb\n---\n"),
    ],
    ids=["report", "card", "card without a header"],
)
def test_pages_are_files_at_the_uri_itself(tmp_path, name, kind, file, text, shown):
    source = kind()
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
    assert filled("registration", pushed, tmp_path)[1] == {"pushed": "yes", "version": "12", "alias": "champion"}
    refused = standard_artifacts.PushedModel()
    refused.set_int_custom_property("pushed", 0)
    refused.set_string_custom_property("reason", "it is not blessed")
    assert filled("registration", refused, tmp_path)[1] == {"pushed": "no", "reason": "it is not blessed"}


def spec_of(*nodes):
    """A compiled pipeline whose components have other names than its nodes."""
    tasks = {node: {"taskInfo": {"name": node}, "componentRef": {"name": f"comp-{node.lower()}"}} for node in nodes}
    outputs = {output.source: {"artifactType": {"schemaTitle": "tfx.X"}} for output in UI_OUTPUTS}
    components = {f"comp-{node.lower()}": {"outputDefinitions": {"artifacts": dict(outputs)}} for node in nodes}
    return {"root": {"dag": {"tasks": tasks}}, "components": components}


def test_outputs_are_added_to_the_nodes_that_are_there():
    spec = spec_of("Evaluator", "Trainer")
    before = json.loads(json.dumps(spec["components"]["comp-trainer"]))
    add_ui_outputs(spec)
    added = spec["components"]["comp-evaluator"]["outputDefinitions"]["artifacts"]
    assert added["scores"] == {"artifactType": {"schemaTitle": "system.Metrics", "schemaVersion": "0.0.1"}}
    assert added["confusion_matrix"]["artifactType"]["schemaTitle"] == "system.ClassificationMetrics"
    assert spec["components"]["comp-trainer"] == before


def test_outputs_are_added_below_a_graph_with_an_exit_handler():
    spec = spec_of("Reporter")
    spec["components"]["tfx-dag"] = spec["root"]
    spec["root"] = {"dag": {"tasks": {"tfx-dag": {
        "taskInfo": {"name": "tfx-dag"}, "componentRef": {"name": "tfx-dag"}
    }}}}  # fmt: skip
    add_ui_outputs(spec)
    assert {"report_page", "model_card_page"} < set(
        spec["components"]["comp-reporter"]["outputDefinitions"]["artifacts"]
    )


def test_adding_twice_changes_nothing():
    spec = spec_of(*{output.node for output in UI_OUTPUTS})
    add_ui_outputs(spec)
    once = json.dumps(spec)
    add_ui_outputs(spec)
    assert json.dumps(spec) == once


def test_every_type_is_one_that_kubeflow_knows_and_every_name_is_taken_once():
    known = {value.schema_title for value in vars(artifact_types).values() if hasattr(value, "schema_title")}
    assert {output.schema for output in UI_OUTPUTS} <= known
    names = [output.name for output in UI_OUTPUTS]
    assert len(set(names)) == len(names)
    assert not {dataclasses.astuple(output)[3] for output in UI_OUTPUTS} & set(names)
