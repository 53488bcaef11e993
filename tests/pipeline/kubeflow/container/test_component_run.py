"""A component in its pod, compared with TFX's own entry point on the same arguments.

`test_row_<n>` refers to docs/kubeflow-incompatibilities.md; test_incompatibilities.py has the compiler's rows.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.lazy import LazyModule

entry_point = LazyModule("pipeline.kubeflow.container.entry_point")
executors = LazyModule("support.tfx_executors")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")


@pytest.fixture(autouse=True)
def _forget():
    executors.CALLS.clear()


def arguments(executor, invocation, artifacts=None, parameters=None):
    spec = {
        "artifacts": {name: {"artifactType": kind} for name, kind in (artifacts or {}).items()},
        "parameters": {name: {"parameterType": kind} for name, kind in (parameters or {}).items()},
    }
    return [
        "--executor_class_path", f"support.tfx_executors.{executor}",
        "--json_serialized_invocation_args", invocation,
        "--json_serialized_inputs_spec_args", json.dumps(spec),
    ]  # fmt: skip


@pytest.fixture
def model(schema):
    return schema(standard_artifacts.Model)


def run_stock(command):
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

    kubeflow_v2_run_executor.main(entry_point.parse_arguments(command))


def test_row_1_executor_logs_break_tfx_and_not_us(pod, model):
    command = arguments("Copier", pod.invocation(outputs={"model": model}))
    with pytest.raises(ImportError, match=r"Could not import system\.Artifact"):
        run_stock(command)
    assert entry_point.run(command) == 0
    assert set(pod.output()["artifacts"]) == {"model"}


def test_row_2_lost_types_break_tfx_and_not_us(pod, schema, model):
    from components.artifacts import Report

    card = {"card": ("minio://bucket/card", {})}
    invocation = pod.invocation(inputs=card, outputs={"model": model}, logs=False)
    command = arguments("Copier", invocation, {"card": schema(Report)})
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'get'"):
        run_stock(command)
    assert entry_point.run(command) == 0
    assert type(executors.CALLS[0]["inputs"]["card"][0]) is Report


@pytest.mark.parametrize("scheme", ["minio://", pytest.param("s3://", marks=pytest.mark.extended)])
def test_row_3_uris_of_object_stores_break_tfx_and_not_us(pod, model, scheme):
    pod.root = pod.root.replace("minio://", scheme)
    command = arguments("Copier", pod.invocation(outputs={"model": model}, logs=False))
    with pytest.raises(Exception, match=r"(?i)not implemented|unable to get filesystem|unsupported|no such"):
        run_stock(command)
    assert entry_point.run(command) == 0
    [artifact] = pod.output()["artifacts"]["model"]["artifacts"]
    assert artifact["uri"].startswith(pod.root)
    assert (pod.path(artifact["uri"]) / "saved_model.pb").read_text() == "graph"
    assert artifact["metadata"]["source_uri"] == artifact["uri"]  # the mirror exists in this pod only


def test_row_12_only_files_get_into_the_object_store(tmp_path, pod, model):
    from support.kfp_emulator.stores import ObjectStore

    pod.root = pod.root.replace("minio://", "gs://")
    assert entry_point.run(arguments("Copier", pod.invocation(outputs={"model": model}))) == 0
    [artifact] = pod.output()["artifacts"]["model"]["artifacts"]
    store = ObjectStore(tmp_path / "store")
    store.upload(artifact["uri"], pod.folder)
    assert [path.name for path in store.path(artifact["uri"]).rglob("*")] == ["saved_model.pb"]


def test_row_8_integers_stay_integers(pod, model):
    parameters = {"epochs": 3.0, "rate": 3.0, "name": "x"}
    kinds = {"epochs": "NUMBER_INTEGER", "rate": "NUMBER_DOUBLE", "name": "STRING"}
    assert (
        entry_point.run(
            arguments("Copier", pod.invocation(parameters=parameters, outputs={"model": model}), None, kinds)
        )
        == 0
    )
    properties = executors.CALLS[0]["properties"]
    assert {name: type(value) for name, value in properties.items()} == {"epochs": int, "rate": float, "name": str}
    assert pod.output()["artifacts"]["model"]["artifacts"][0]["metadata"]["integer_properties"] == "version"


def examples_command(pod, schema, folder, parameters):
    config = {"splits": [{"name": "train", "pattern": "span-{SPAN}/*"}]}
    values = {"input_base": str(folder), "input_config": json.dumps(config)} | parameters
    invocation = pod.invocation(
        node="Examples", parameters=values, outputs={"examples": schema(standard_artifacts.Examples)}, logs=False
    )
    return arguments("Spans", invocation, None, dict.fromkeys(values, "STRING"))


def test_row_4_the_driver_of_a_stock_example_gen_runs_first(tmp_path, pod, schema):
    for span in (1, 2):
        (tmp_path / "corpus" / f"span-{span}").mkdir(parents=True)
        (tmp_path / "corpus" / f"span-{span}" / "a.csv").write_text("x\n")
    command = examples_command(pod, schema, tmp_path / "corpus", {})
    run_stock([argument.replace("minio://", str(pod.folder / "minio") + "/") for argument in command])
    assert "span" not in executors.CALLS[0]["properties"]  # TFX leaves the pattern to a driver that KFP does not run
    pod.output_file.unlink()
    assert entry_point.run(command) == 0
    properties = executors.CALLS[1]["properties"]
    assert properties["span"] == 2
    assert json.loads(properties["input_config"])["splits"][0]["pattern"] == "span-2/*"
    assert executors.CALLS[1]["examples"].mlmd_artifact.custom_properties["span"].int_value == 2
    metadata = pod.output()["artifacts"]["examples"]["artifacts"][0]["metadata"]
    assert (metadata["custom:span"], metadata["integer_properties"]) == (2, "span")
    assert metadata["input_fingerprint"] == properties["input_fingerprint"]


@pytest.mark.extended
def test_row_4_an_example_gen_without_named_splits_needs_no_driver(tmp_path, pod, schema):
    for config in ("{}", '{"splits": []}'):
        assert entry_point.run(examples_command(pod, schema, tmp_path / "none", {"input_config": config})) == 0
    assert all("span" not in call["properties"] for call in executors.CALLS)


def test_a_missing_input_folder_is_created_in_a_mirror_only(tmp_path, pod, model):
    """An object store holds no empty folders, so the launcher downloads nothing."""
    for uri, exists in [("minio://bucket/none", True), (str(tmp_path / "none"), False), (str(tmp_path), True)]:
        invocation = pod.invocation(inputs={"champion": (uri, {"present": 0})}, outputs={"model": model})
        assert entry_point.run(arguments("Copier", invocation, {"champion": model})) == 0
        [champion] = executors.CALLS[-1]["inputs"]["champion"]
        assert champion.uri == str(pod.path(uri))
        assert os.path.isdir(champion.uri) is exists


def test_the_component_knows_the_run_and_beam_its_arguments(pod, model):
    assert entry_point.run(arguments("Copier", pod.invocation(outputs={"model": model}))) == 0
    assert executors.CALLS[0]["context"].pipeline_run_id == pod.run_id
    command = [*arguments("Counter", pod.invocation()), "--direct_num_workers=2", "--runner=DirectRunner"]
    assert entry_point.run(command) == 0
    assert executors.CALLS[1]["beam"][:2] == ["--direct_num_workers=2", "--runner=DirectRunner"]
    assert executors.CALLS[1]["temp"].startswith(str(pod.output_file.parent))


@pytest.mark.extended
def test_only_executors_that_use_beam_work_in_the_shared_folder(tmp_path, pod, model, monkeypatch):
    (tmp_path / "shared").mkdir()
    monkeypatch.setenv("NER_BEAM_FOLDER", str(tmp_path / "shared"))
    inputs = {"champion": ("minio://bucket/champion", {})}
    assert entry_point.run(arguments("Counter", pod.invocation(inputs=inputs), {"champion": model})) == 0
    assert Path(executors.CALLS[0]["uris"][0]).is_relative_to(tmp_path / "shared")
    assert (
        entry_point.run(
            arguments("Copier", pod.invocation(inputs=inputs, outputs={"model": model}), {"champion": model})
        )
        == 0
    )
    assert executors.CALLS[1]["inputs"]["champion"][0].uri == str(pod.path("minio://bucket/champion"))
