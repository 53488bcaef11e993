"""The steps of the second article, "How to extend a Keras model to pass through keys and features", with its output.

`export_model` exports its models, `add_signatures` adds its signatures, and both ways give the same answers.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.lazy import LazyModule

from components.exporter import Signatures, add_signatures, export_model

keras = LazyModule("keras")
IMAGE = "inputs['image'] DT_FLOAT (-1, 28, 28)"
PREDS = "outputs['preds'] DT_FLOAT (-1, 10)"
KEY_IN, KEY_OUT = "inputs['key'] DT_STRING (-1)", "outputs['key'] DT_STRING (-1)"
PRICE = ["inputs['rooms'] DT_FLOAT (-1, 1)", "inputs['tax_rate'] DT_FLOAT (-1, 1)", "outputs['price'] DT_FLOAT (-1, 1)"]


@pytest.fixture(scope="module")
def images():
    """Its image classifier, trained for one epoch on generated pictures: bars at ten heights."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 10
    pictures = rng.uniform(0, 0.2, (200, 28, 28)).astype("float32")
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 * label : 2 * label + 3] += 0.7
    layers = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, name="preds")]
    model = keras.Sequential([keras.Input((28, 28), name="image"), *layers])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(pictures, labels, batch_size=20, epochs=1, verbose=0)
    return model, pictures


@pytest.mark.extended
def test_keyed_prediction_on_images(images, serve, tmp_path):
    model, pictures = images
    export_model(model, tmp_path / "export", signatures=Signatures())
    original = serve(tmp_path / "export")
    assert original.shown() == [IMAGE, PREDS]
    expected = original(image=pictures[:100])["preds"]
    np.testing.assert_allclose(expected, model.predict(pictures[:100], verbose=0), rtol=1e-4, atol=1e-5)

    keyed = Signatures(default="keyed", key="key")
    add_signatures(tmp_path / "export", tmp_path / "keyed", keyed)
    export_model(model, tmp_path / "at_once", signatures=keyed)
    for folder in ("keyed", "at_once"):
        served = serve(tmp_path / folder)
        assert served.shown("serving_default") == [IMAGE, KEY_IN, KEY_OUT, PREDS]
        assert served.shown("unkeyed_signature") == [IMAGE, PREDS]
        online = served(image=pictures[:1], key=["hi"])
        assert online["key"].tolist() == [b"hi"]
        assert online["preds"].tobytes() == original(image=pictures[:1])["preds"].tobytes()
        assert served("unkeyed_signature", image=pictures[:1])["preds"].tobytes() == online["preds"].tobytes()
        assert _batch_prediction(served, pictures) == {
            f"key_{file}_{row}": int(expected[10 * file + row].argmax()) for file in range(10) for row in range(10)
        }


def _batch_prediction(served, pictures):
    """Sends ten files of ten rows in random order; the key assigns the answers to the pictures."""
    lines = [
        json.dumps({"image": pictures[10 * file + row].tolist(), "key": f"key_{file}_{row}"})
        for file in range(10)
        for row in range(10)
    ]
    results = {}
    for start in np.random.default_rng(1).permutation(range(0, 100, 20)):
        rows = [json.loads(line) for line in lines[start : start + 20]]
        answer = served(image=[row["image"] for row in rows], key=[row["key"] for row in rows])
        results |= {
            key.decode(): int(preds.argmax()) for key, preds in zip(answer["key"], answer["preds"], strict=True)
        }
    return results


@pytest.fixture(scope="module")
def price_model():
    """Its model of house prices from tax rate and rooms."""
    inputs = {name: keras.Input((1,), name=name) for name in ("tax_rate", "rooms")}
    hidden = keras.layers.Dense(32, "relu")(keras.layers.Concatenate()(list(inputs.values())))
    return keras.Model(inputs, keras.layers.Dense(1, name="price")(hidden))


@pytest.mark.extended
def test_feature_forwarding_of_the_price_model(price_model, serve, tmp_path):
    row = {"tax_rate": np.float32([[5.0]]), "rooms": np.float32([[6.2]])}
    export_model(price_model, tmp_path / "plain", signatures=Signatures())
    original = serve(tmp_path / "plain")
    assert original.shown() == PRICE
    forward = Signatures(forward={"tax_rate": "float32"})
    add_signatures(tmp_path / "plain", tmp_path / "forward", forward)
    export_model(price_model, tmp_path / "at_once", signatures=forward)
    for folder in ("forward", "at_once"):
        served = serve(tmp_path / folder)
        assert served.names == {"feature_forward", "serving_default"}
        assert served.shown() == PRICE
        assert served.shown("feature_forward") == [*PRICE, "outputs['tax_rate'] DT_FLOAT (-1, 1)"]
        answer = served("feature_forward", **row)
        assert answer["tax_rate"].tolist() == [[5.0]]
        assert answer["price"].tobytes() == served(**row)["price"].tobytes() == original(**row)["price"].tobytes()
