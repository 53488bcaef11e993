"""Checks of the Evaluator's inputs."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.evaluator.errors import EvaluationError

pytestmark = pytest.mark.extended

inputs_module = LazyModule("components.evaluator.inputs")
saved_model_pb2 = LazyModule("tensorflow.core.protobuf.saved_model_pb2")
artifact_utils = LazyModule("tfx.types.artifact_utils")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")


@pytest.fixture
def model(tmp_path):
    """Creates a model artifact with a signature of the given name, or an empty one."""

    def made(name, signature="serving_examples", **properties):
        artifact = standard_artifacts.Model()
        artifact.uri = str(tmp_path / name)
        folder = tmp_path / name / "Format-Serving"
        folder.mkdir(parents=True)
        if signature:
            saved = saved_model_pb2.SavedModel()
            definition = saved.meta_graphs.add().signature_def[signature]
            definition.inputs["examples"].name = "x"
            for output in ("tags", "starts", "ends"):
                definition.outputs[output].name = output
            (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
        for key, value in properties.items():
            artifact.set_int_custom_property(key, value)
        return artifact

    return made


@pytest.mark.parametrize(
    ("signature", "properties", "kept"),
    [
        ("serving_examples", {}, True),
        ("serving_examples", {"present": 0}, False),
        ("", {}, False),
        ("", {"present": 1}, False),
    ],
)
def test_champion_without_a_model_is_removed(model, signature, properties, kept):
    inputs = {"model": [model("new")], "baseline_model": [model("old", signature, **properties)]}
    assert ("baseline_model" in inputs_module.without_absent_champion(inputs)) == kept


def test_inputs_without_a_champion_are_unchanged(model):
    inputs = {"model": [model("new")]}
    assert inputs_module.without_absent_champion(inputs) == inputs


def test_incompatible_champion_is_removed_with_a_reason(model):
    inputs = {"model": [model("new")], "baseline_model": [model("old", "predict", version=4)]}
    kept, obstacles = inputs_module.without_incomparable_champion(inputs)
    assert list(kept) == ["model"]
    (obstacle,) = obstacles
    assert obstacle.startswith("the champion (version 4) cannot be evaluated: it has no signature")
    assert inputs_module.champion_version(kept) == ""
    assert inputs_module.champion_version(inputs) == "4"


def test_compatible_champion_is_kept(model):
    inputs = {"model": [model("new")], "baseline_model": [model("old")]}
    assert inputs_module.without_incomparable_champion(inputs) == (inputs, [])
    assert inputs_module.champion_version(inputs) == ""


def test_incompatible_model_is_refused(model):
    with pytest.raises(EvaluationError, match="the model cannot be evaluated: it has no signature"):
        inputs_module.without_incomparable_champion({"model": [model("new", "predict")]})


def test_the_test_split_decides_if_the_corpus_is_known_to_the_run_only():
    examples = standard_artifacts.Examples()
    for names, configured, expected in [
        (["train", "eval", "test"], [], ["test"]),
        (["train", "eval"], [], ["eval"]),
        (["train", "eval", "test"], ["train"], ["train"]),
        (["train", "eval", "test"], None, ["eval"]),
    ]:
        examples.split_names = artifact_utils.encode_split_names(names)
        assert inputs_module.evaluated_splits({"examples": [examples]}, configured) == expected


def test_splits_and_slices_are_checked_by_name(tmp_path):
    examples = standard_artifacts.Examples()
    examples.split_names = artifact_utils.encode_split_names(["train", "test"])
    inputs_module.check_splits({"examples": [examples]}, ["test"])
    with pytest.raises(EvaluationError, match=r"^split 'eval': the examples have only train, test"):
        inputs_module.check_splits({"examples": [examples]}, ["test", "eval"])
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path)
    (tmp_path / "schema.pbtxt").write_text('feature { name: "source" type: BYTES }')
    columns = ("source", "sentence_length", "case", "entity_seen", "entity_length")
    inputs_module.check_columns({"schema": [schema]}, columns)
    with pytest.raises(EvaluationError, match=r"slice by 'topic'\. The schema has the features source"):
        inputs_module.check_columns({"schema": [schema]}, ("topic",))
    inputs_module.check_columns({}, ("topic",))  # without a schema nothing is checked


@pytest.fixture
def incompatibility(tmp_path):
    def of(signatures):
        model = saved_model_pb2.SavedModel()
        graph = model.meta_graphs.add()
        for name, (inputs, outputs) in signatures.items():
            for tensor in inputs:
                graph.signature_def[name].inputs[tensor].name = tensor
            for tensor in outputs:
                graph.signature_def[name].outputs[tensor].name = tensor
        (tmp_path / "saved_model.pb").write_bytes(model.SerializeToString())
        return inputs_module.incompatibility(str(tmp_path))

    return of


@pytest.mark.parametrize(
    ("signatures", "words"),
    [
        ({"serving_examples": (["examples"], ["tags", "starts", "ends", "tokens"])}, ""),
        ({}, "it has no signature 'serving_examples', only none at all"),
        (
            {"keyed": (["key"], []), "serving_default": (["x"], []), "__saved_model_init_op": ([], [])},
            "it has no signature 'serving_examples', only keyed, serving_default",
        ),
        (
            {"serving_examples": (["examples"], ["tags"])},
            "its signature 'serving_examples' lacks the outputs ends, starts",
        ),
        (
            {"serving_examples": (["key", "sentence"], ["tags", "starts", "ends"])},
            "its signature 'serving_examples' has the inputs key, sentence, not one",
        ),
    ],
)
def test_incompatibilities_are_described(incompatibility, signatures, words):
    assert incompatibility(signatures) == words
