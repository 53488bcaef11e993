"""A tabular classifier: tf.Transform graph, Keras model and labels become one servable model."""

from __future__ import annotations

import json
import re
import types

import numpy as np
import pytest
from support.lazy import LazyModule
from support.repository import ROOT

from components.exporter import ExportError, Signatures, embedded_contract, export_model, validate_export
from components.exporter.saved_model.embedded_metadata import embedded_manifest
from components.exporter.validator.probe.checks import CHECKS

pytestmark = pytest.mark.extended

keras, tf, tft = LazyModule("keras"), LazyModule("tensorflow"), LazyModule("tensorflow_transform")
PAGE = ROOT / "docs" / "exporting-any-model.md"
SPECIES = ["setosa", "versicolor", "virginica"]
COLOURS = ["white", "blue", "violet"]
ROWS = [
    {
        "width": np.float32(number % 3 + number % 7 / 10),
        "lengths": [float(number % 3), 1.0],
        "colour": COLOURS[number % 3],
        "species": SPECIES[number % 3],
    }
    for number in range(60)
]


def preprocessing(raw):
    vocabulary = {"colour": "colours", "species": "species"}
    ids = {
        name: tft.compute_and_apply_vocabulary(raw[name], num_oov_buckets=1, vocab_filename=file)
        for name, file in vocabulary.items()
    }
    mean = tf.math.divide_no_nan(
        tf.sparse.reduce_sum(raw["lengths"], 1), tf.cast(raw["lengths"].dense_shape[1], tf.float32)
    )
    return {
        "width_z": tft.scale_to_z_score(raw["width"]),
        "length": tf.reshape(mean, [-1]),
        "colour_id": ids["colour"],
        "label_id": ids["species"],
    }


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """Namespace: `graph` (tf.Transform's output folder), `labels` (its vocabulary file), `model`, trained briefly."""
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

    folder = tmp_path_factory.mktemp("flowers")
    spec = {
        "width": tf.io.FixedLenFeature([], tf.float32),
        "lengths": tf.io.VarLenFeature(tf.float32),
        "colour": tf.io.FixedLenFeature([], tf.string),
        "species": tf.io.FixedLenFeature([], tf.string),
    }
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    with tft_beam.Context(temp_dir=str(folder / "temporary")):
        _, function = (ROWS, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing)
        _ = function | tft_beam.WriteTransformFn(str(folder / "graph"))
    output = tft.TFTransformOutput(str(folder / "graph"))
    metadata_io.write_metadata(metadata, str(folder / "graph" / output.RAW_METADATA_DIR))
    labels = output.vocabulary_by_name("species")
    features, ids = _transformed(output)
    model = _classifier()
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    model.fit(features, ids, batch_size=60, epochs=10, verbose=0)
    return types.SimpleNamespace(
        graph=str(folder / "graph"),
        labels=output.vocabulary_file_by_name("species"),
        names=[label.decode() for label in labels],
        model=model,
        features=features,
    )


def _classifier():
    inputs = {
        "width_z": keras.Input((1,), name="width_z"),
        "length": keras.Input((1,), name="length"),
        "colour_id": keras.Input((1,), dtype="int64", name="colour_id"),
    }
    embedded = keras.layers.Flatten()(keras.layers.Embedding(4, 3)(inputs["colour_id"]))
    hidden = keras.layers.Concatenate()([inputs["width_z"], inputs["length"], embedded])
    hidden = keras.layers.Dropout(0.2)(keras.layers.Dense(500, "relu")(hidden))
    return keras.Model(inputs, keras.layers.Dense(3, "softmax", name="species")(hidden))


def _transformed(output):
    """Returns the training data, transformed by tf.Transform's own layer."""
    raw = {name: tf.constant([row[name] for row in ROWS]) for name in ("width", "colour", "species")}
    raw["lengths"] = tf.sparse.from_dense(tf.constant([row["lengths"] for row in ROWS]) + 1e-9)
    features = {name: value.numpy() for name, value in output.transform_features_layer()(raw).items()}
    ids = features.pop("label_id")
    return {name: value[:, None] for name, value in features.items()}, ids


@pytest.fixture(scope="module")
def served(flowers, tmp_path_factory):
    """Namespace of the exported classifier: `folder`, `report` and `run`, a `support.server.Server`."""
    from support.server import Server

    folder = tmp_path_factory.mktemp("served") / "1"
    report = export_model(
        flowers.model,
        folder,
        transform_graph=flowers.graph,
        labels=flowers.labels,
        signatures=Signatures(default="keyed", key="key", forward={"colour": "string"}),
        examples=_request(slice(5)),
        report_path=folder.parent / "validation.json",
    )
    server = Server(folder)
    yield types.SimpleNamespace(folder=folder, report=report, run=server)
    server.session.close()


def _request(rows):
    return {name: np.array([row[name] for row in ROWS[rows]]) for name in ("width", "lengths", "colour")}


def test_requests_need_no_label_and_the_contract_lists_the_outputs(served):
    inputs = {"width": ("float32", (None,)), "lengths": ("float32", (None, None)), "colour": ("string", (None,))}
    outputs = {"label": ("string", (None,)), "score": ("float32", (None,)), "probabilities": ("float32", (None, 3))}
    key = {"key": ("string", (None,))}
    signatures = {
        name: tuple({each: (t.dtype, t.shape) for each, t in side.items()} for side in (one.inputs, one.outputs))
        for name, one in served.report.contract.signatures.items()
    }
    assert signatures == {
        "serving_default": ({**inputs, **key}, {**outputs, **key}),
        "keyed": ({**inputs, **key}, {**outputs, **key}),
        "unkeyed_signature": (inputs, outputs),
        "feature_forward": (inputs, {**outputs, "colour": ("string", (None,))}),
    }


def test_every_check_passes_and_the_model_carries_contract_and_manifest(served):
    assert served.report.passed
    assert {check.name for check in served.report.checks} == {check.name for check in CHECKS} | {"keras_answers"}
    assert json.loads((served.folder.parent / "validation.json").read_text())["passed"] is True
    assert sorted(path.name for path in served.folder.parent.iterdir()) == ["1", "validation.json"]
    contract, manifest = embedded_contract(served.folder), embedded_manifest(served.folder)
    assert contract == served.report.contract
    assert validate_export(served.folder, contract, manifest=manifest, batches=(1,)).passed


def test_answers_are_the_keras_models_with_keys_and_the_feature_unchanged(served, flowers):
    keys = [f"key {number % 7}" for number in range(60)]
    expected = flowers.model.predict(flowers.features, verbose=0)
    assert {flowers.names[best] for best in expected.argmax(-1)} == set(SPECIES), "a model that learned something"
    keyed = served.run("serving_default", **_request(slice(60)), key=keys)
    np.testing.assert_allclose(keyed["probabilities"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(keyed["score"], expected.max(-1), rtol=1e-5)
    assert [label.decode() for label in keyed["label"]] == [flowers.names[best] for best in expected.argmax(-1)]
    assert [key.decode() for key in keyed["key"]] == keys
    forwarded = served.run("feature_forward", **_request(slice(60)))
    assert [colour.decode() for colour in forwarded["colour"]] == [row["colour"] for row in ROWS]
    assert forwarded["probabilities"].tobytes() == keyed["probabilities"].tobytes()


def test_floats_are_stored_once(served, flowers):
    weights = sum(variable.value.shape.num_elements() for variable in flowers.model.trainable_variables)
    reader = tf.train.load_checkpoint(str(served.folder / "variables" / "variables"))
    dtypes = reader.get_variable_to_dtype_map()
    stored = sum(
        int(np.prod(shape)) for name, shape in reader.get_variable_to_shape_map().items() if dtypes[name].is_floating
    )
    assert stored == weights


def test_a_model_whose_inputs_the_graph_does_not_give_is_refused(flowers, tmp_path):
    model = keras.Sequential([keras.Input((1,), name="height"), keras.layers.Dense(3)])
    with pytest.raises(ExportError, match=r"takes \['height'\].*gives \['colour_id', 'label_id', 'length', 'wid"):
        export_model(model, tmp_path / "1", transform_graph=flowers.graph)


def test_labels_that_do_not_fit_the_model_are_refused(flowers, tmp_path):
    with pytest.raises(ExportError, match=r"2 labels \(.*shape \(None, 3\)"):
        export_model(flowers.model, tmp_path / "1", transform_graph=flowers.graph, labels=SPECIES[:2])
    assert list(tmp_path.iterdir()) == []


def test_the_pages_code_runs(flowers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 2
    names = {"flower_model": flowers.model, "transform_graph": flowers.graph, "species_file": flowers.labels}
    for block in code:
        exec(compile(block, str(PAGE), "exec"), names)
    assert (tmp_path / "served" / "images" / "1" / "saved_model.pb").is_file()
    assert (tmp_path / "served" / "flowers" / "1" / "saved_model.pb").is_file()
