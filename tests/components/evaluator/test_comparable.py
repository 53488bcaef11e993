"""Which SavedModels can be evaluated."""

from __future__ import annotations

import pytest
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from components.evaluator.comparable import why_not_comparable


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
