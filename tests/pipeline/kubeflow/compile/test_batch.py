"""The pipeline of `ner compile --batch`, compiled and run in the emulator of Kubeflow Pipelines."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner
from support.lazy import LazyModule

from pipeline.cli.compile import compile_command

emulation = LazyModule("support.kfp_emulator.emulator")
pipeline_file = LazyModule("support.kfp_emulator.pipeline_file")
store = LazyModule("components.registry.model_registry")
record = LazyModule("components.registry.store.version")


def compiled(folder, *arguments):
    file = folder / "batch.yaml"
    options = ["--target", "kubeflow", "--batch", "-o", str(file), *arguments]
    result = CliRunner().invoke(compile_command, options)
    assert result.exit_code == 0, result.output
    return file


@pytest.mark.extended
def test_input_output_and_fields_are_parameters_of_a_run(tmp_path):
    spec, _ = yaml.safe_load_all(compiled(tmp_path, "--data", "s3://bucket/rows.jsonl").read_text())
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters["input"]["defaultValue"] == "s3://bucket/rows.jsonl"
    assert {name: parameters[name]["defaultValue"] for name in ("version", "text", "key", "format")} == {
        "version": "champion",
        "text": "sentence",
        "key": "key",
        "format": "entities",
    }
    assert all(parameter.get("description") for parameter in parameters.values())
    tasks = spec["root"]["dag"]["tasks"]
    assert set(tasks) == {"Rows", "BatchPredictor"}
    assert spec["pipelineInfo"]["name"] == "ner-batch"
    assert tasks["BatchPredictor"]["cachingOptions"] == {}


@pytest.mark.slow
def test_a_run_tags_the_rows_of_its_input_with_the_champion(tmp_path):
    from support.tiny_tagger import TinyTagger

    uri = f"sqlite:///{tmp_path}/registry/mlflow.db"
    model = TinyTagger(tmp_path / "assets").save(tmp_path / "model")
    registry = store.ModelRegistry(uri)
    registry.register(model, "ner", record.VersionRecord(blessed=True))
    registry.champions("ner").promote(1, None, "a test", who="tester", force=True)
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": 7, "text": "Joe Biden visited Paris France"}\n{"id": 8}\n')
    emulator = emulation.Emulator(tmp_path / "work", retry=False)
    emulator.store.put("s3://bucket/day-1/rows.jsonl", rows)
    pipeline = pipeline_file.read_pipeline(compiled(tmp_path, "--set-cluster", f"settings={{registry.uri: '{uri}'}}"))
    copy = tmp_path / "volume" / "tagged.jsonl"
    values = {"input": "s3://bucket/day-1/rows.jsonl", "text": "text", "key": "id", "output": str(copy), "workers": "1"}
    result = emulator.run(pipeline, values)
    assert result.succeeded, [task.line() for task in result.tasks]
    artifact = result.artifacts["BatchPredictor"]["predictions"]
    folder = emulator.store.path(artifact.uri)
    (tagged,) = map(json.loads, (folder / "predictions.jsonl").read_text().splitlines())
    assert tagged["id"] == 7
    assert [entity["label"] for entity in tagged["entities"]] == ["NAME", "LOCATION"]
    assert copy.read_text() == (folder / "predictions.jsonl").read_text()
    assert json.loads((folder / "errors.jsonl").read_text())["line"] == 2
    facts = json.loads((folder / "result.json").read_text())
    assert (facts["rows"], facts["bad"], facts["version"]) == (1, 1, 1)
