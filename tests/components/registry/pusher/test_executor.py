from __future__ import annotations

import json
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.artifacts import DataProfileArtifact, ModelCard, Report
from components.common.hashing import tree_hash
from components.evaluator.results.evaluation import Evaluation
from components.evaluator.results.scores import write_evaluation
from components.registry.errors import RegistryError
from components.registry.pusher.executor import Executor

REFUSAL = "entity_f1 of all examples is 0.8750; at least 0.9 is needed"
METRICS = (
    "entity_precision", "entity_recall", "entity_f1", "entity_macro_f1", "strict_f1", "boundary_f1", "type_f1",
)  # fmt: skip


def row(f1):
    return {"f1": f1, "precision": f1, "recall": f1, "support": 8.0}


@pytest.fixture
def run(model_dir: Path, registry_uri: str, tmp_path: Path, make_evaluation):
    """Runs the executor on artifacts without MLMD; returns the pushed_model artifact."""

    def run(
        blessed: int | None = 1,
        passed: bool = True,
        lineage: str | None = None,
        optional: bool = True,
        baseline: int = 0,
        **more: str,
    ):
        report = {"passed": passed, "tree_hash": tree_hash(model_dir), "checks": []}
        (model_dir.parent / "validation.json").write_text(json.dumps(report))
        inputs = {"model": [_artifact(standard_artifacts.Model, model_dir.parent)]}
        blessing = _artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
        if blessed is not None:
            blessing.set_int_custom_property("blessed", blessed)
        inputs["blessing"] = [blessing]
        if optional:
            evaluation = make_evaluation(0.875, 0.25, 0.75, *([] if blessed else [REFUSAL]))
            inputs |= {"evaluation": [_evaluation(tmp_path, evaluation)], "examples": [_examples(tmp_path)]}
            inputs |= {"model_card": [_model_card(tmp_path)], "report": [_report(tmp_path)]}
        if baseline:
            champion = _artifact(standard_artifacts.Model, tmp_path / "champion")
            champion.set_int_custom_property("present", 1)
            champion.set_int_custom_property("version", baseline)
            inputs["champion"] = [champion]
        pushed = _artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
        if optional:
            inputs |= {
                "schema": [_folder(standard_artifacts.Schema, tmp_path / "schema")],
                "transform_graph": [_graph(tmp_path / "graph")],
                "trained_model": [_folder(standard_artifacts.Model, tmp_path / "trained")],
                "data_profile": [_profile(tmp_path / "profile")],
            }
        properties = {
            "keep_versions": 2,
            "params": json.dumps({"trainer.epochs": "20"}),
            "registry_uri": registry_uri,
            "model_name": "ner",
            "serving_dir": str(tmp_path / "serving"),
            "lineage": lineage or json.dumps({"run_fingerprint": "a", "baseline_version": ""}),
            **more,
        }
        context = Executor.Context(pipeline_run_id="run 7")
        Executor(context).Do(inputs, {"pushed_model": [pushed]}, properties)
        return pushed

    return run


def _artifact(kind: type, uri: Path):
    uri.mkdir(parents=True, exist_ok=True)
    artifact = kind()
    artifact.uri = str(uri)
    return artifact


def _evaluation(tmp_path: Path, found: Evaluation):
    evaluation = _artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation")
    write_evaluation(evaluation.uri, found)
    (tmp_path / "evaluation" / "evaluation.html").write_text("<html>")
    (tmp_path / "evaluation" / "metrics.tfrecord").write_text("")
    return evaluation


def _model_card(tmp_path: Path):
    card = _artifact(ModelCard, tmp_path / "model_card")
    for name in ("model_card.json", "model_card.md"):
        (tmp_path / "model_card" / name).write_text("{}")
    return card


def _report(tmp_path: Path):
    report = _artifact(Report, tmp_path / "report")
    (tmp_path / "report" / "report.html").write_text("<p>")
    return report


def _profile(folder: Path):
    artifact = _artifact(DataProfileArtifact, folder)
    (folder / "data_profile.json").write_text("profile")
    (folder / "drift.json").write_text("drift")
    return artifact


def _graph(folder: Path):
    artifact = _folder(standard_artifacts.TransformGraph, folder)
    assets = folder / "transform_fn" / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    (assets / "word_vocabulary").write_text("[PAD]\n")
    return artifact


def _folder(kind: type, folder: Path):
    artifact = _artifact(kind, folder)
    (folder / "content").write_text(folder.name)
    return artifact


def _examples(tmp_path: Path):
    examples = _artifact(standard_artifacts.Examples, tmp_path / "examples")
    examples.name = "examples"
    examples.span = 4
    examples.split_names = '["train", "eval"]'
    examples.set_string_custom_property("input_fingerprint", "split:train,xor:1")
    examples.set_int_custom_property("sentences", 2000)
    return examples


def test_executor_pushes_a_blessed_model(run, registry, tmp_path, model_dir):
    pushed = run()
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_int_custom_property("registry_version") == 1
    assert pushed.get_string_custom_property("pushed_version") == "1"
    assert pushed.get_string_custom_property("registry_uri") == registry.uri
    assert pushed.get_string_custom_property("registry_alias") == "champion"
    assert pushed.get_string_custom_property("pushed_destination") == str(tmp_path / "serving" / "ner" / "1")
    assert not pushed.has_custom_property("reason")
    assert tree_hash(tmp_path / "serving" / "ner" / "1") == tree_hash(model_dir)


def test_executor_registers_scores_data_and_lineage(run, registry, tmp_path):
    run()
    champion = registry.get("ner", "champion")
    assert champion.tags == {
        "run_fingerprint": "a",
        "baseline_version": "",
        **{f"metric.{name}": "0.875" for name in METRICS},
        "data.span": "4",
        "data.split_names": '["train", "eval"]',
        "data.input_fingerprint": "split:train,xor:1",
        "data.sentences": "2000",
        "tree_hash": champion.tree_hash,
        "run_id": "run 7",
        "blessed": "true",
        "schema_hash": tree_hash(tmp_path / "schema"),
        "transform_graph_hash": tree_hash(tmp_path / "graph"),
        "trained_hash": champion.tags["trained_hash"],
        "params": '{"trainer.epochs": "20"}',
        "metrics_by_type": json.dumps({"PER": row(0.875)}),
        "metrics_by_slice": json.dumps({"source=a": row(0.25)}),
    }
    cards = {path.name for path in (Path(champion.uri).parent / "card").iterdir()}
    assert cards == {
        "validation.json", "scores.json", "evaluation.html", "drift.json",
        "model_card.json", "model_card.md", "report.html",
    }  # fmt: skip
    with registry._store.client() as client:
        assert client.get_run(champion.run_id).data.params == {"trainer.epochs": "20"}
    weights = registry.fetch_trained(champion, tmp_path / "fetched")
    assert {path.name: path.read_text() for path in weights.iterdir()} == {
        "content": "trained",
        "word_vocabulary": "[PAD]\n",
        "data_profile.json": "profile",
    }
    (entry,) = registry.champions("ner").history()
    assert entry.why == "blessed: entity F1 0.8750, champion 0.7500"
    assert entry.who.endswith(", run run 7")


def test_executor_needs_neither_evaluation_nor_examples(run, registry):
    assert run(optional=False).get_int_custom_property("pushed") == 1
    assert set(registry.get("ner", 1).tags) == {
        "run_id", "run_fingerprint", "baseline_version", "tree_hash", "blessed", "params",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"blessed": 0},
            f"the evaluator did not bless the model ({REFUSAL})",
        ),
        ({"blessed": None, "optional": False}, "the evaluator did not bless the model"),
        ({"passed": False}, "the exporter's validation failed"),
    ],
)
def test_executor_says_why_a_model_is_not_pushed(run, registry, changes, reason, caplog, tmp_path):
    pushed = run(**changes)
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("reason") == reason
    assert not pushed.has_custom_property("pushed_version")
    assert f"The model was not pushed: {reason}" in caplog.text
    assert registry.versions("ner") == ()
    assert not (tmp_path / "serving").exists()


def test_executor_tells_a_candidate_from_a_champion(run, registry, make_model):
    version = registry.register(make_model("other"), "ner")
    registry.champions("ner").promote(version.version, None, "a test", force=True)
    pushed = run()
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_int_custom_property("registry_version") == 2
    assert pushed.get_string_custom_property("registry_alias") == "candidate"
    assert pushed.get_string_custom_property("reason").startswith("registered as candidate only")


@pytest.mark.parametrize(
    ("lineage", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "no JSON object"),
        ('{"baseline_version": 3}', r"lineage\['baseline_version'\]: .*got 3"),
    ],
)
def test_executor_refuses_a_malformed_lineage(run, lineage, message):
    with pytest.raises(RegistryError, match=message):
        run(lineage=lineage)


def test_executor_publishes_nothing_without_a_serving_directory(run, registry, tmp_path):
    pushed = run(serving_dir="")
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_version") == "1"
    assert not pushed.get_string_custom_property("pushed_destination")
    assert not (tmp_path / "serving").exists()
    assert registry.get("ner", "champion").version == 1


def test_executor_takes_the_baseline_from_what_was_compared(run, registry, make_model):
    """On a cluster the lineage says "champion", which may be another version when the model is pushed."""
    for number in (1, 2):
        registry.register(make_model(f"m{number}"), "ner")
        registry.champions("ner").promote(number, None if number == 1 else 1, "a test", force=True)
    lineage = json.dumps({"run_fingerprint": "", "baseline_version": "champion", "warm_start_version": "champion"})
    late = run(lineage=lineage, baseline=1)
    assert "version 2" in late.get_string_custom_property("reason")
    tags = registry.get("ner", "candidate").tags
    assert (tags["baseline_version"], tags["warm_start_version"]) == ("1", "1")
    assert run(lineage=lineage, baseline=2).get_int_custom_property("pushed") == 1


def test_executor_works_out_what_was_not_known_before_the_run(run, registry):
    lineage = json.dumps({"run_fingerprint": "", "baseline_version": "", "corpus_fingerprint": ""})
    first = run(lineage=lineage, run_name="nightly")
    tags = registry.get("ner", "champion").tags
    assert len(tags["run_fingerprint"]) == 16
    assert tags["run_name"] == "nightly"
    assert tags["corpus_fingerprint"] == tags.get("data.input_fingerprint", "")
    again = run(lineage=lineage)
    assert again.get_int_custom_property("registry_version") == first.get_int_custom_property("registry_version")
