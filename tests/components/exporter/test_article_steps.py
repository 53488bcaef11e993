"""The second article's steps, with what it prints: "How to extend a Keras model to pass through keys and features".

Its models are exported by `export_model`, its further signatures are added by `add_signatures`, and both ways
give the same.
"""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.exporter.add_signatures.add_signatures import add_signatures
from components.exporter.any_model.export import export_model

IMAGE = "inputs['image'] DT_FLOAT (-1, 28, 28)"
PREDS = "outputs['preds'] DT_FLOAT (-1, 10)"
KEY_IN, KEY_OUT = "inputs['key'] DT_STRING (-1)", "outputs['key'] DT_STRING (-1)"
PRICE = ["inputs['rooms'] DT_FLOAT (-1, 1)", "inputs['tax_rate'] DT_FLOAT (-1, 1)", "outputs['price'] DT_FLOAT (-1, 1)"]


class Server:
    """Loads a folder as TensorFlow Serving does."""

    def __init__(self, folder):
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            self.signatures = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder)).signature_def

    def __call__(self, signature="serving_default", **inputs):
        definition = self.signatures[signature]
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        return self.session.run({name: tensor.name for name, tensor in definition.outputs.items()}, feeds)

    def shown(self, signature="serving_default"):
        """Name, type and shape of each tensor, as `saved_model_cli show` has them."""
        definition = self.signatures[signature]
        assert definition.method_name == "tensorflow/serving/predict"
        return [
            f"{side}[{name!r}] {_enum(tensor)} {_shape(tensor)}"
            for side in ("inputs", "outputs")
            for name, tensor in sorted(getattr(definition, side).items())
        ]


@pytest.fixture
def serve():
    """Makes servers that are closed after the test."""
    servers = []

    def start(folder):
        servers.append(Server(folder))
        return servers[-1]

    yield start
    for server in servers:
        server.session.close()


def _enum(tensor):
    from tensorflow.core.framework import types_pb2

    return types_pb2.DataType.Name(tensor.dtype)


def _shape(tensor):
    return f"({', '.join(str(dim.size) for dim in tensor.tensor_shape.dim)})"


@pytest.fixture(scope="module")
def images():
    """Its image classifier, trained for one epoch, on pictures that need no download: bars at ten heights."""
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


def test_keyed_prediction_on_images(images, serve, tmp_path):
    model, pictures = images
    export_model(model, tmp_path / "export", key=None)
    original = serve(tmp_path / "export")
    assert original.shown() == [IMAGE, PREDS]
    expected = original(image=pictures[:100])["preds"]
    np.testing.assert_allclose(expected, model.predict(pictures[:100], verbose=0), rtol=1e-4, atol=1e-5)

    add_signatures(
        tmp_path / "export", tmp_path / "keyed", add=["keyed"], default="keyed", keep_original_as="unkeyed_signature"
    )
    export_model(model, tmp_path / "at_once", default="keyed", keep_plain_as="unkeyed_signature")
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
    """Ten files of ten rows, answered in whatever order: the key says which answer belongs to which picture."""
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
    """Its price of a house from tax rate and rooms."""
    inputs = {name: keras.Input((1,), name=name) for name in ("tax_rate", "rooms")}
    hidden = keras.layers.Dense(32, "relu")(keras.layers.Concatenate()(list(inputs.values())))
    return keras.Model(inputs, keras.layers.Dense(1, name="price")(hidden))


def test_feature_forwarding_of_the_price_model(price_model, serve, tmp_path):
    row = {"tax_rate": np.float32([[5.0]]), "rooms": np.float32([[6.2]])}
    export_model(price_model, tmp_path / "plain", key=None)
    original = serve(tmp_path / "plain")
    assert original.shown() == PRICE
    add_signatures(tmp_path / "plain", tmp_path / "forward", forward={"tax_rate": "float32"})
    export_model(price_model, tmp_path / "at_once", forward={"tax_rate": "float32"}, key=None)
    for folder in ("forward", "at_once"):
        served = serve(tmp_path / folder)
        assert sorted(name for name in served.signatures if not name.startswith("__")) == [
            "feature_forward",
            "serving_default",
        ]
        assert served.shown() == PRICE
        assert served.shown("feature_forward") == [*PRICE, "outputs['tax_rate'] DT_FLOAT (-1, 1)"]
        answer = served("feature_forward", **row)
        assert answer["tax_rate"].tolist() == [[5.0]]
        assert answer["price"].tobytes() == served(**row)["price"].tobytes() == original(**row)["price"].tobytes()
