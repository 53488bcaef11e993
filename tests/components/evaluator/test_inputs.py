"""The Evaluator's inputs, looked at beforehand."""

from __future__ import annotations

import pytest
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tfx.types import artifact_utils, standard_artifacts

from components.evaluator import inputs as inputs_module
from components.evaluator.errors import EvaluationError
from components.evaluator.eval_config import eval_config
from components.evaluator.inputs import why_not_comparable
from components.evaluator.settings import EvaluationSettings


@pytest.fixture
def model(tmp_path):
    """Makes a model artifact with a signature of the given name, or an empty one."""

    def made(name, signature="serving_examples", **properties):
        artifact = standard_artifacts.Model()
        artifact.uri = str(tmp_path / name)
        folder = tmp_path / name / "Format-Serving"
        folder.mkdir(parents=True)
        if signature:
            saved = SavedModel()
            definition = saved.meta_graphs.add().signature_def[signature]
            definition.inputs["examples"].name = "x"
            for output in ("tags", "starts", "ends"):
                definition.outputs[output].name = output
            (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
        for key, value in properties.items():
            artifact.set_int_custom_property(key, value)
        return artifact

    return made


CONFIG = eval_config(EvaluationSettings())


@pytest.mark.parametrize(
    ("signature", "properties", "there"),
    [
        ("serving_examples", {}, True),
        ("serving_examples", {"present": 0}, False),
        ("", {}, False),
        ("", {"present": 1}, False),
    ],
)
def test_a_champion_without_a_model_is_left_out(model, signature, properties, there):
    given = {"model": [model("new")], "baseline_model": [model("old", signature, **properties)]}
    assert ("baseline_model" in inputs_module.without_absent_champion(given)) == there


def test_no_champion_input_is_none_either(model):
    given = {"model": [model("new")]}
    assert inputs_module.without_absent_champion(given) == given


def test_a_champion_of_another_contract_is_left_out_and_told(model):
    given = {"model": [model("new")], "baseline_model": [model("old", "predict", version=4)]}
    kept, obstacles = inputs_module.without_incomparable_champion(given, CONFIG)
    assert list(kept) == ["model"]
    (obstacle,) = obstacles
    assert obstacle.startswith("the champion (version 4) cannot be compared with: it has no signature")
    assert inputs_module.champion_version(kept) == ""
    assert inputs_module.champion_version(given) == "4"


def test_a_comparable_champion_stays(model):
    given = {"model": [model("new")], "baseline_model": [model("old")]}
    assert inputs_module.without_incomparable_champion(given, CONFIG) == (given, [])
    assert inputs_module.champion_version(given) == ""


def test_the_new_model_must_be_of_the_contract(model):
    with pytest.raises(EvaluationError, match="the model cannot be evaluated: it has no signature"):
        inputs_module.without_incomparable_champion({"model": [model("new", "predict")]}, CONFIG)


def test_splits_and_slices_are_checked_by_name(tmp_path):
    examples = standard_artifacts.Examples()
    examples.split_names = artifact_utils.encode_split_names(["train", "test"])
    inputs_module.check_splits({"examples": [examples]}, ["test"])
    with pytest.raises(EvaluationError, match=r"no split 'eval' to evaluate on; the examples have train, test"):
        inputs_module.check_splits({"examples": [examples]}, ["test", "eval"])
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path)
    (tmp_path / "schema.pbtxt").write_text('feature { name: "source" type: BYTES }')
    slices = ("source", "sentence_length", "case", "entity_seen", "entity_length")
    inputs_module.check_slices({"schema": [schema]}, eval_config(EvaluationSettings(slices)))
    config = eval_config(EvaluationSettings(("topic",)))
    with pytest.raises(EvaluationError, match="slice by 'topic': the schema has no such feature, it has source"):
        inputs_module.check_slices({"schema": [schema]}, config)
    inputs_module.check_slices({}, config)  # nothing to check with


@pytest.fixture
def why_not(tmp_path):
    def of(signatures):
        model = SavedModel()
        graph = model.meta_graphs.add()
        for name, (inputs, outputs) in signatures.items():
            for tensor in inputs:
                graph.signature_def[name].inputs[tensor].name = tensor
            for tensor in outputs:
                graph.signature_def[name].outputs[tensor].name = tensor
        (tmp_path / "saved_model.pb").write_bytes(model.SerializeToString())
        return why_not_comparable(str(tmp_path), "serving_examples")

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
        ({"serving_examples": (["examples"], ["tags"])}, "its signature 'serving_examples' does not give ends, starts"),
        (
            {"serving_examples": (["key", "sentence"], ["tags", "starts", "ends"])},
            "its signature 'serving_examples' takes key, sentence instead of one input",
        ),
    ],
)
def test_what_is_missing_is_told(why_not, signatures, words):
    assert why_not(signatures) == words
