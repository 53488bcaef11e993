"""A component in its pod, beside what TFX's own entry point makes of the same arguments.

The rows are those of the table of incompatibilities between TFX and Kubeflow Pipelines 2 (test_incompatibilities has
those of the compiler).
"""

from __future__ import annotations

import json
import os

import pytest
from support.kfp_emulator.stores import ObjectStore
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor as stock
from tfx.types import standard_artifacts

from components.artifacts import ModelCard
from pipeline.kubeflow.container.entry_point import parse_arguments, run

SEEN: list[dict] = []


class Copier(BaseExecutor):
    """Writes a model, and remembers what it was given."""

    def Do(self, input_dict, output_dict, exec_properties):
        SEEN.append({"inputs": input_dict, "properties": exec_properties, "context": self._context})
        [model] = output_dict["model"]
        fileio.makedirs(os.path.join(model.uri, "variables"))
        with fileio.open(os.path.join(model.uri, "saved_model.pb"), "w") as file:
            file.write("graph")
        model.set_int_custom_property("version", 3)
        model.set_string_custom_property("source_uri", model.uri)


class Counter(BaseBeamExecutor):
    """Runs a Beam pipeline with the arguments that are left."""

    def Do(self, input_dict, output_dict, exec_properties):
        SEEN.append({"beam": self._beam_pipeline_args, "temp": self._get_tmp_dir()})


class Spans(BaseExampleGenExecutor):
    """An ExampleGen, of which only what it is given counts here."""

    def GetInputSourceToExamplePTransform(self):
        raise NotImplementedError

    def Do(self, input_dict, output_dict, exec_properties):
        SEEN.append({"properties": exec_properties, "examples": output_dict["examples"][0]})


@pytest.fixture(autouse=True)
def _forget():
    SEEN.clear()


def arguments(executor, invocation, artifacts=None, parameters=None):
    spec = {
        "artifacts": {name: {"artifactType": kind} for name, kind in (artifacts or {}).items()},
        "parameters": {name: {"parameterType": kind} for name, kind in (parameters or {}).items()},
    }
    return [
        "--executor_class_path", f"{executor.__module__}.{executor.__name__}",
        "--json_serialized_invocation_args", invocation,
        "--json_serialized_inputs_spec_args", json.dumps(spec),
    ]  # fmt: skip


@pytest.fixture
def model(schema):
    return schema(standard_artifacts.Model)


def run_stock(command):
    stock.main(parse_arguments(command))


def test_row_1_logs_of_the_executor_stop_tfx_and_not_us(pod, model):
    command = arguments(Copier, pod.invocation(outputs={"model": model}))
    with pytest.raises(ImportError, match=r"Could not import system\.Artifact"):
        run_stock(command)
    assert run(command) == 0
    assert set(pod.told()["artifacts"]) == {"model"}


def test_row_2_lost_types_stop_tfx_and_not_us(pod, schema, model):
    card = {"card": ("minio://bucket/card", {})}
    invocation = pod.invocation(inputs=card, outputs={"model": model}, logs=False)
    command = arguments(Copier, invocation, {"card": schema(ModelCard)})
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'get'"):
        run_stock(command)
    assert run(command) == 0
    assert type(SEEN[0]["inputs"]["card"][0]) is ModelCard


@pytest.mark.parametrize("scheme", ["minio://", "s3://"])
def test_row_3_uris_of_object_stores_stop_tfx_and_not_us(tmp_path, pod, model, scheme):
    pod.root = pod.root.replace("minio://", scheme)
    command = arguments(Copier, pod.invocation(outputs={"model": model}, logs=False))
    with pytest.raises(Exception, match=r"(?i)not implemented|unable to get filesystem|unsupported|no such"):
        run_stock(command)
    assert run(command) == 0
    [told] = pod.told()["artifacts"]["model"]["artifacts"]
    assert told["uri"].startswith(pod.root)
    assert (pod.path(told["uri"]) / "saved_model.pb").read_text() == "graph"
    assert told["metadata"]["source_uri"] == told["uri"]  # nobody outside the pod knows the mirror


def test_row_12_nothing_but_files_gets_into_the_object_store(tmp_path, pod, model):
    pod.root = pod.root.replace("minio://", "gs://")
    assert run(arguments(Copier, pod.invocation(outputs={"model": model}))) == 0
    [told] = pod.told()["artifacts"]["model"]["artifacts"]
    store = ObjectStore(tmp_path / "store")
    store.upload(told["uri"], pod.folder)
    assert [path.name for path in store.path(told["uri"]).rglob("*")] == ["saved_model.pb"]


def test_row_8_integers_stay_integers(pod, model):
    parameters = {"epochs": 3.0, "rate": 3.0, "name": "x"}
    kinds = {"epochs": "NUMBER_INTEGER", "rate": "NUMBER_DOUBLE", "name": "STRING"}
    assert run(arguments(Copier, pod.invocation(parameters=parameters, outputs={"model": model}), None, kinds)) == 0
    properties = SEEN[0]["properties"]
    assert {name: type(value) for name, value in properties.items()} == {"epochs": int, "rate": float, "name": str}
    assert pod.told()["artifacts"]["model"]["artifacts"][0]["metadata"]["integer_properties"] == "version"


def examples_command(pod, schema, folder, parameters):
    config = {"splits": [{"name": "train", "pattern": "span-{SPAN}/*"}]}
    given = {"input_base": str(folder), "input_config": json.dumps(config)} | parameters
    invocation = pod.invocation(
        node="Examples", parameters=given, outputs={"examples": schema(standard_artifacts.Examples)}, logs=False
    )
    return arguments(Spans, invocation, None, dict.fromkeys(given, "STRING"))


def test_row_4_the_driver_of_a_stock_example_gen_runs_first(tmp_path, pod, schema):
    for span in (1, 2):
        (tmp_path / "corpus" / f"span-{span}").mkdir(parents=True)
        (tmp_path / "corpus" / f"span-{span}" / "a.csv").write_text("x\n")
    command = examples_command(pod, schema, tmp_path / "corpus", {})
    run_stock([argument.replace("minio://", str(pod.folder / "minio") + "/") for argument in command])
    assert "span" not in SEEN[0]["properties"]  # TFX leaves the pattern to a driver that nobody runs
    pod.output_file.unlink()
    assert run(command) == 0
    properties = SEEN[1]["properties"]
    assert properties["span"] == 2
    assert json.loads(properties["input_config"])["splits"][0]["pattern"] == "span-2/*"
    assert SEEN[1]["examples"].mlmd_artifact.custom_properties["span"].int_value == 2
    metadata = pod.told()["artifacts"]["examples"]["artifacts"][0]["metadata"]
    assert (metadata["custom:span"], metadata["integer_properties"]) == (2, "span")
    assert metadata["input_fingerprint"] == properties["input_fingerprint"]


@pytest.mark.parametrize("config", ["{}", '{"splits": []}'])
def test_row_4_an_example_gen_whose_splits_are_not_named_finds_them_by_itself(tmp_path, pod, schema, config):
    assert run(examples_command(pod, schema, tmp_path / "none", {"input_config": config})) == 0
    assert "span" not in SEEN[0]["properties"]


def test_an_input_that_is_an_empty_folder_is_there(pod, model):
    """An object store keeps no empty folders, so the launcher brings nothing."""
    invocation = pod.invocation(inputs={"champion": ("minio://bucket/none", {"present": 0})}, outputs={"model": model})
    assert run(arguments(Copier, invocation, {"champion": model})) == 0
    [champion] = SEEN[0]["inputs"]["champion"]
    assert os.listdir(champion.uri) == []


def test_a_folder_that_is_not_on_a_volume_is_not_made(tmp_path, pod, model):
    invocation = pod.invocation(inputs={"champion": (str(tmp_path / "none"), {})}, outputs={"model": model})
    assert run(arguments(Copier, invocation, {"champion": model})) == 0
    assert not (tmp_path / "none").exists()


def test_a_folder_on_a_volume_is_used_as_it_is(tmp_path, pod, model):
    invocation = pod.invocation(inputs={"champion": (str(tmp_path), {})}, outputs={"model": model})
    assert run(arguments(Copier, invocation, {"champion": model})) == 0
    assert SEEN[0]["inputs"]["champion"][0].uri == str(tmp_path)


def test_the_component_knows_the_run(pod, model):
    assert run(arguments(Copier, pod.invocation(outputs={"model": model}))) == 0
    assert SEEN[0]["context"].pipeline_run_id == pod.run_id


def test_what_is_left_of_the_arguments_goes_to_beam(pod):
    command = [*arguments(Counter, pod.invocation()), "--direct_num_workers=2", "--runner=DirectRunner"]
    assert run(command) == 0
    assert SEEN[0]["beam"][:2] == ["--direct_num_workers=2", "--runner=DirectRunner"]
    assert SEEN[0]["temp"].startswith(str(pod.output_file.parent))
