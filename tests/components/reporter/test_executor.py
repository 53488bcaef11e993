"""The Reporter on artifacts in a temporary folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.lazy import LazyModule

from components.corpus_example_gen.cleaning.report import IngestReport
from components.evaluator.results.scores_file import write_evaluation
from components.reporter.errors import ReportError

artifacts = LazyModule("components.artifacts")
executor = LazyModule("components.reporter.executor")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

PROPERTIES = {
    "model_name": "ner",
    "lineage": json.dumps({"run_fingerprint": "5f1c"}),
    "settings": json.dumps(
        {"intended_use": "Names.", "languages": ["en"]}
        | dict.fromkeys(("out_of_scope", "data", "license", "contact"), "")
    ),
}


def artifact(kind, folder: Path):
    made = kind()
    made.uri = str(folder)
    folder.mkdir(parents=True)
    return made


@pytest.fixture
def inputs(facts, tmp_path):
    from tensorflow_metadata.proto.v0 import statistics_pb2
    from tfx.types import artifact_utils

    from components.exporter.saved_model.embedded_metadata import embed_metadata

    evaluation = artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation")
    write_evaluation(evaluation.uri, facts.evaluation)
    exported = artifact(standard_artifacts.Model, tmp_path / "exported")
    (tmp_path / "exported" / "Format-Serving").mkdir()
    embed_metadata(tmp_path / "exported" / "Format-Serving", facts.contract, {"transform graph": "b330", "corpus": "x"})
    (tmp_path / "exported" / "validation.json").write_text(json.dumps(facts.validation))
    (tmp_path / "exported" / "trained_model.json").write_text(json.dumps({"history": facts.history}))
    used = {"settings": {"tagger": "transformer", "epochs": 3, "transformer.ff_dim": 64}, "searched": []}
    (tmp_path / "exported" / "trainer_settings.json").write_text(json.dumps(used))
    statistics = artifact(standard_artifacts.ExampleStatistics, tmp_path / "statistics")
    statistics.split_names = artifact_utils.encode_split_names(["train", "test"])
    for size, split in enumerate(["train", "test"], start=7):
        folder = tmp_path / "statistics" / f"Split-{split}"
        folder.mkdir()
        saved = statistics_pb2.DatasetFeatureStatisticsList()
        saved.datasets.add(num_examples=size)
        (folder / "FeatureStats.pb").write_bytes(saved.SerializeToString())
    profile = artifact(artifacts.DataProfileArtifact, tmp_path / "profile")
    (tmp_path / "profile" / "drift.json").write_text(facts.drift.to_json(), encoding="utf-8")
    reading = IngestReport()
    reading.repair("empty token", "a.conll", 3, "dropped")
    reading.note("a.conll", "read as CSV")
    reading.files_ignored.append("own.jsonl")
    reading.line_kinds.update({"boundary": 1, "token": 2})
    lineage = {"data.ingest_report": reading.to_json(), "data.input_fingerprint": "split:train,xor_checksum:1"}
    (tmp_path / "profile" / "lineage.json").write_text(json.dumps(lineage))
    (tmp_path / "profile" / "data_profile.json").write_text("{}")
    return {
        "evaluation": [evaluation],
        "exported_model": [exported],
        "statistics": [statistics],
        "data_profile": [profile],
    }


@pytest.fixture
def outputs(tmp_path):
    return {"report": [artifact(artifacts.Report, tmp_path / "report")]}


def test_report_and_card_are_written_and_nothing_else(inputs, outputs, tmp_path):
    results = artifact(standard_artifacts.TunerResults, tmp_path / "results")
    (tmp_path / "results" / "tuner_results.json").write_text('[{"trial_id": "1", "score": 0.5, "tuner/epochs": 7}]')
    executor.Executor().Do({**inputs, "tuner_results": [results]}, outputs, PROPERTIES)
    names = ["mistakes.csv", "model_card.json", "model_card.md", "report.html", "report.json", "scores.csv"]
    report, profile = tmp_path / "report", tmp_path / "report" / "data_profile"
    assert sorted(path.name for path in report.iterdir()) == ["data_profile", *names, "trials.csv"]
    assert sorted(path.name for path in profile.iterdir()) == ["data_profile.json", "drift.json", "lineage.json"]
    assert (report / "trials.csv").read_text(encoding="utf-8") == "trial_id,score,epochs\n1,0.5,7\n"
    assert "Not blessed" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert json.loads((report / "model_card.json").read_text(encoding="utf-8"))["name"] == "ner"


def test_facts_are_gathered_from_all_artifacts(inputs, facts):
    gathered = executor.gather_facts(inputs, PROPERTIES)
    assert gathered.evaluation == facts.evaluation
    assert gathered.contract == facts.contract
    assert gathered.history == facts.history
    assert gathered.lineage == {"run_fingerprint": "5f1c", "transform graph": "b330"}
    assert gathered.training == {"tagger": "transformer", "epochs": 3, "transformer.ff_dim": 64}
    assert [(split.name, split.sentences) for split in gathered.data.splits] == [("train", 7), ("test", 8)]
    assert gathered.data.repairs == {"empty token": 1}
    assert (gathered.data.notes, gathered.data.ignored) == (("a.conll: read as CSV",), ("own.jsonl",))
    assert list(gathered.data.lines.items()) == [("token", 2), ("boundary", 1)]
    assert gathered.data.fingerprint == "split:train,xor_checksum:1"
    assert gathered.card.languages == ("en",)
    assert gathered.drift == facts.drift


def test_trials_of_a_search_are_gathered(inputs, tmp_path):
    results = artifact(standard_artifacts.TunerResults, tmp_path / "results")
    trials = [{"trial_id": "1", "score": 0.5, "epochs": 7}, {"trial_id": "0", "score": 0.4, "epochs": 3}]
    rows = [{**trials[0], "tuner/bracket": 1}, {"tuner/epochs": 3, **trials[1]}]
    del rows[1]["epochs"]
    (tmp_path / "results" / "tuner_results.json").write_text(json.dumps(rows))
    assert executor.gather_facts({**inputs, "tuner_results": [results]}, PROPERTIES).trials == tuple(trials)


def test_searched_settings_are_named(inputs, tmp_path):
    used = {"settings": {"tagger": "transformer", "epochs": 7}, "searched": ["epochs", "transformer.ff_dim"]}
    (tmp_path / "exported" / "trainer_settings.json").write_text(json.dumps(used))
    training = executor.gather_facts(inputs, PROPERTIES).training
    assert training == {"tagger": "transformer", "epochs": 7, "searched": "epochs, transformer.ff_dim"}


def test_unreadable_drift_report_is_refused(inputs, tmp_path):
    (tmp_path / "profile" / "drift.json").write_text("{}")
    with pytest.raises(ReportError, match=r"drift.json: not a drift report.* Run the DriftValidator again"):
        executor.gather_facts(inputs, PROPERTIES)
