from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.lazy import LazyModule

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.settings import RegistrySettings

artifacts = LazyModule("components.artifacts")
executor = LazyModule("components.registry.pusher.executor")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

REFUSAL = "entity F1 on all examples is 0.8750; at least 0.9 is needed"
METRICS = (
    "entity_precision", "entity_recall", "entity_f1", "entity_macro_f1", "strict_f1", "boundary_f1", "type_f1",
)  # fmt: skip
LINEAGE = {"run_fingerprint": "a", "baseline_version": ""}
DATA_LINEAGE = {"data.span": "4", "data.input_fingerprint": "split:train,xor:1", "schema_hash": "5c"}


def row(f1):
    return {"f1": f1, "precision": f1, "recall": f1, "support": 8.0}


@pytest.fixture
def run(model_dir: Path, registry_uri: str, tmp_path: Path, make_evaluation):
    """Runs the executor on artifacts without ML Metadata; returns the artifact `pushed_model`."""

    def run(
        *,
        blessed: bool = True,
        passed: bool = True,
        lineage: dict[str, str] = LINEAGE,
        optional: bool = True,
        champion_version: str = "",
        serving: bool = True,
        **properties: str,
    ):
        report = {"passed": passed, "tree_hash": tree_hash(model_dir), "checks": []}
        (model_dir.parent / "validation.json").write_text(json.dumps(report))
        blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
        blessing.set_int_custom_property("blessed", int(blessed))
        inputs = {"exported_model": [artifact(standard_artifacts.Model, model_dir.parent)], "blessing": [blessing]}
        if optional:
            failures = [] if blessed else [REFUSAL]
            evaluation = make_evaluation(0.875, 0.25, 0.75, *failures, champion_version=champion_version)
            inputs |= optional_inputs(tmp_path, evaluation)
        settings = RegistrySettings(
            uri=registry_uri, serving_dir=tmp_path / "serving" if serving else None, keep_versions=2
        )
        exec_properties = {
            "model_name": "ner",
            "settings": settings.model_dump_json(),
            "lineage": json.dumps(lineage),
            "params": json.dumps({"trainer.epochs": "20"}),
            **properties,
        }
        pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
        context = executor.Executor.Context(pipeline_run_id="run 7")
        executor.Executor(context).Do(inputs, {"pushed_model": [pushed]}, exec_properties)
        return pushed

    return run


def artifact(kind: type, uri: Path, **files: str):
    uri.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (uri / name.replace("__", ".")).write_text(text)
    made = kind()
    made.uri = str(uri)
    return made


def optional_inputs(tmp_path: Path, evaluation):
    from components.evaluator.results.scores_file import write_evaluation

    texts = {"evaluation__html": "<html>", "metrics__tfrecord": ""}
    evaluated = artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation", **texts)
    write_evaluation(evaluated.uri, evaluation)
    profile = {"data_profile__json": "profile", "drift__json": "drift", "lineage__json": json.dumps(DATA_LINEAGE)}
    trained = {"model__keras": "weights", "word_vocabulary": "[PAD]\n"}
    report = artifact(
        artifacts.Report, tmp_path / "report", report__html="<p>", model_card__json="{}", model_card__md="{}"
    )
    artifact(artifacts.DataProfileArtifact, tmp_path / "report" / "data_profile", **profile)
    trained_model = artifact(standard_artifacts.Model, tmp_path / "trained", **trained)
    trained_model.set_int_custom_property("epochs", 7)
    return {
        "evaluation": [evaluated],
        "trained_model": [trained_model],
        "report": [report],
    }


def test_a_blessed_model_is_pushed(run, registry, tmp_path, model_dir):
    pushed = run()
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_int_custom_property("registry_version") == 1
    assert pushed.get_string_custom_property("pushed_version") == "1"
    assert pushed.get_string_custom_property("registry_uri") == registry.uri
    assert pushed.get_string_custom_property("registry_alias") == "champion"
    assert pushed.get_string_custom_property("pushed_destination") == str(tmp_path / "serving" / "ner" / "1")
    assert not pushed.has_custom_property("reason")
    assert tree_hash(tmp_path / "serving" / "ner" / "1") == tree_hash(model_dir)


def test_scores_lineage_and_files_are_registered(run, registry, model_dir, tmp_path):
    provenance = model_dir / "assets.extra" / "provenance.json"
    provenance.parent.mkdir()
    provenance.write_text('{"transform graph": "9a"}')
    run()
    champion = registry.get("ner", "champion")
    assert champion.tags == {
        "run_fingerprint": "a",
        "baseline_version": "",
        **{f"metric.{name}": "0.875" for name in METRICS},
        **DATA_LINEAGE,
        "corpus_fingerprint": DATA_LINEAGE["data.input_fingerprint"],
        "transform_graph_hash": "9a",
        "tree_hash": champion.tree_hash,
        "run_id": "run 7",
        "blessed": "true",
        "trained_hash": champion.tags["trained_hash"],
        "files": champion.tags["files"],
        "trained_files": champion.tags["trained_files"],
        "params": '{"trainer.epochs": "20", "training.epochs": "7"}',
        "metrics_by_type": json.dumps({"PER": row(0.875)}),
        "metrics_by_slice": json.dumps({"source=a": row(0.25)}),
    }
    cards = {path.name for path in (Path(champion.uri).parent / "card").iterdir()}
    assert cards == {
        "validation.json", "scores.json", "evaluation.html", "drift.json",
        "model_card.json", "model_card.md", "report.html",
    }  # fmt: skip
    with registry.client() as client:
        assert client.get_run(champion.run_id).data.params == {"trainer.epochs": "20", "training.epochs": "7"}
    trained = registry.fetch_trained(champion, tmp_path / "fetched")
    assert {path.name: path.read_text() for path in trained.iterdir()} == {
        "model.keras": "weights",
        "word_vocabulary": "[PAD]\n",
        "data_profile.json": "profile",
    }
    (entry,) = registry.champions("ner").history()
    assert entry.why == "blessed: entity F1 0.8750, champion 0.7500"
    assert entry.who.endswith(", run run 7")


def test_settings_are_those_that_the_trainer_used(run, registry, tmp_path):
    used = {"epochs": 5, "learning_rate": 0.004, "cnn_linear.dilations": [1, 2]}
    settings = json.dumps({"settings": used, "searched": ["learning_rate"]})
    artifact(standard_artifacts.Model, tmp_path / "trained", trainer_settings__json=settings)
    configured = {"trainer.epochs": "20", "trainer.transformer.rate": "0.2", "tuner.enabled": "true"}
    run(params=json.dumps(configured))
    champion = registry.get("ner", "champion")
    assert champion.params == {
        "trainer.epochs": "5",
        "trainer.learning_rate": "0.004",
        "trainer.cnn_linear.dilations": "[1, 2]",
        "training.epochs": "7",
        "tuner.enabled": "true",
        "tuner.searched": "learning_rate",
    }
    with registry.client() as client:
        assert client.get_run(champion.run_id).data.params == champion.params


@pytest.mark.extended
def test_optional_inputs_can_be_absent(run, registry):
    assert run(optional=False).get_int_custom_property("pushed") == 1
    assert set(registry.get("ner", 1).tags) == {
        "run_id", "run_fingerprint", "baseline_version", "tree_hash", "blessed", "params", "files",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"blessed": False}, f"the evaluator did not bless the model ({REFUSAL})"),
        ({"passed": False}, "the exporter's validation failed"),
    ],
)
def test_a_refusal_is_recorded_with_its_reason(run, registry, changes, reason, caplog, tmp_path):
    pushed = run(**changes)
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("reason") == reason
    assert not pushed.has_custom_property("pushed_version")
    assert f"The model was not pushed: {reason}" in caplog.text
    assert registry.versions("ner") == ()
    assert not (tmp_path / "serving").exists()


@pytest.mark.extended
def test_a_candidate_is_reported_as_such(run, registry, make_model):
    version = registry.register(make_model("other"), "ner")
    registry.champions("ner").promote(version.version, None, "a test", force=True)
    pushed = run()
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_int_custom_property("registry_version") == 2
    assert pushed.get_string_custom_property("registry_alias") == "candidate"
    assert pushed.get_string_custom_property("reason").startswith("registered as candidate only")


@pytest.mark.extended
def test_without_a_serving_directory_nothing_is_published(run, registry, tmp_path):
    pushed = run(serving=False)
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_version") == "1"
    assert not pushed.get_string_custom_property("pushed_destination")
    assert not (tmp_path / "serving").exists()
    assert registry.get("ner", "champion").version == 1


def test_on_a_cluster_the_baseline_is_the_version_that_was_evaluated(run, registry, make_model):
    """The lineage of a compiled pipeline says "champion", which may be another version at the time of the push."""
    for number in (1, 2):
        registry.register(make_model(f"m{number}"), "ner")
        registry.champions("ner").promote(number, None if number == 1 else 1, "a test", force=True)
    lineage = {"run_fingerprint": "", "baseline_version": "champion", "warm_start_version": "champion"}
    outdated = run(lineage=lineage, champion_version="1")
    assert "version 2" in outdated.get_string_custom_property("reason")
    tags = registry.get("ner", "candidate").tags
    assert (tags["baseline_version"], tags["warm_start_version"]) == ("1", "1")
    assert run(lineage=lineage, champion_version="2").get_int_custom_property("pushed") == 1


@pytest.mark.extended
def test_on_a_cluster_corpus_and_run_fingerprint_are_computed(run, registry):
    lineage = {"run_fingerprint": "", "baseline_version": ""}
    first = run(lineage=lineage, run_name="nightly")
    tags = registry.get("ner", "champion").tags
    assert len(tags["run_fingerprint"]) == 16
    assert tags["run_name"] == "nightly"
    assert tags["corpus_fingerprint"] == DATA_LINEAGE["data.input_fingerprint"]
    again = run(lineage=lineage)
    assert again.get_int_custom_property("registry_version") == first.get_int_custom_property("registry_version")


def test_an_experiment_deleted_during_a_training_loses_no_model(run, registry, make_model, model_dir):
    registry.register(make_model("one"), "ner")
    with registry.client() as client:
        client.delete_experiment(client.get_experiment_by_name("ner").experiment_id)
    with pytest.raises(
        RegistryError, match=rf"experiments restore(?s:.)*model is kept at {model_dir}: repeat the same"
    ):
        run()
    with registry.client() as client:
        client.restore_experiment(client.get_experiment_by_name("ner").experiment_id)
    assert run().get_int_custom_property("pushed") == 1
