"""The loader on a real SavedModel and in MLflow: it runs in processes without this project."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.registry.store.ner_pyfunc_loader import SavedModelPredictor
from components.registry.store.pyfunc_folder import write_pyfunc_folder

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tensorflow as tf

    def tag(sentence):
        return {
            "tokens": tf.strings.split(sentence).to_tensor("[PAD]"),
            "scores": tf.ones_like(sentence == "", tf.float32),
        }

    text = tf.TensorSpec([None], tf.string, name="sentence")
    key = tf.TensorSpec([None], tf.string, name="key")
    module = tf.Module()
    module.plain = tf.function(tag, input_signature=[text], autograph=False)
    module.keyed = tf.function(
        lambda key, sentence: {**tag(sentence), "key": key}, input_signature=[key, text], autograph=False
    )
    folder = tmp_path_factory.mktemp("exported") / "Format-Serving"
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.plain, "keyed": module.keyed})
    return folder


@pytest.fixture(scope="module")
def predictor(saved_model: Path) -> SavedModelPredictor:
    return SavedModelPredictor(str(saved_model))


@pytest.mark.parametrize("sentences", [["New Delhi é", "x"], {"sentence": ["New Delhi é", "x"]}])
def test_predictor_runs_the_default_signature(predictor, sentences):
    outputs = predictor.predict(sentences)
    assert outputs == {"tokens": [["New", "Delhi", "é"], ["x", "[PAD]", "[PAD]"]], "scores": [1.0, 1.0]}


def test_predictor_runs_another_signature(predictor):
    outputs = predictor.predict({"key": ["k1"], "sentence": ["a"]}, params={"signature_name": "keyed"})
    assert outputs == {"key": ["k1"], "tokens": [["a"]], "scores": [1.0]}


@pytest.mark.parametrize(
    ("inputs", "params", "message"),
    [
        (["a"], {"signature_name": "absent"}, r"no signature 'absent'; this model has \['keyed', 'serving_default'\]"),
        ({"text": ["a"]}, None, r"missing inputs \['sentence'\]"),
        (["a"], {"signature_name": "keyed"}, r"needs the named inputs \['key', 'sentence'\]"),
    ],
)
def test_invalid_requests_are_errors(predictor, inputs, params, message):
    with pytest.raises(ValueError, match=message):
        predictor.predict(inputs, params)


def test_mlflow_loads_and_runs_the_stored_folder(saved_model, tmp_path):
    import mlflow.pyfunc
    import pandas as pd

    write_pyfunc_folder(saved_model, tmp_path / "model")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert loaded.predict(pd.DataFrame({"sentence": ["a b"]}))["tokens"] == [["a", "b"]]
