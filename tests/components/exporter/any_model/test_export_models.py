"""Models of every kind, without a transform graph: images, several inputs, classes, lookup layers, several outputs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.exporter.any_model import export as generic_export
from components.exporter.any_model.export import export_model
from components.exporter.any_model.keras_interface import KerasInterface
from components.exporter.any_model.label_lookup import LabelLookup
from components.exporter.any_model.module import GenericModule
from components.exporter.errors import AddSignaturesError, ModelExportError
from components.exporter.validator import ExportInvalidError


def answers(folder, signature, **inputs):
    """What a session says, which loads as TensorFlow Serving does."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        definition = tf.compat.v1.saved_model.load(session, ["serve"], str(folder)).signature_def[signature]
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        return session.run({name: tensor.name for name, tensor in definition.outputs.items()}, feeds)


@pytest.fixture
def numbers():
    """Four numbers in, two scores out; without a compiled loss."""
    return keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2, name="scores")])


def module_of(model, labels=None, **options):
    return GenericModule(model, KerasInterface(model, **options), None, labels)


def outputs(module):
    return {name: (spec.dtype.name, tuple(spec.shape)) for name, spec in module.answer.structured_outputs.items()}


class Scaled(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, inputs):
        return {"far": self.dense(inputs["a"] / 2), "b": inputs["b"]}


def test_a_subclassed_model_with_dictionaries_is_told_what_it_takes(tmp_path):
    model = Scaled()
    row = {"a": np.float32([[1, 2, 3], [4, 5, 6]]), "b": np.float32([[0], [1]])}
    with pytest.raises(ModelExportError, match="was never called"):
        export_model(model, tmp_path / "1")
    expected = model(row)
    with pytest.raises(ModelExportError, match="does not say what it takes"):
        export_model(model, tmp_path / "1")
    specs = {name: tf.TensorSpec([2, *value.shape[1:]], "float32") for name, value in row.items()}
    report = export_model(model, tmp_path / "1", inputs=specs, key=None)
    assert set(report.contract.signatures) == {"serving_default"}
    found = answers(tmp_path / "1", "serving_default", a=row["a"][:1], b=row["b"][:1])
    np.testing.assert_allclose(found["far"], expected["far"][:1], rtol=1e-6)


def test_a_lookup_layers_table_travels_along_and_names_python_does_not_allow_are_kept(tmp_path):
    colour = keras.Input((), dtype="string", name="colour")
    ids = keras.layers.StringLookup(vocabulary=["white", "blue"])(colour)
    scores = keras.layers.Dense(2, name="scores")(keras.layers.Embedding(3, 4)(ids))
    model = keras.Model(colour, scores)
    spec = {"flower/colour": tf.TensorSpec([None], tf.string)}
    request = ["blue", "never seen", "white"]
    export_model(model, tmp_path / "1", inputs=spec, labels=["no", "yes"], from_logits=True,
                 examples={"flower/colour": request})  # fmt: skip
    found = answers(tmp_path / "1", "keyed", **{"flower/colour": request, "key": ["a", "", "a"]})
    expected = keras.ops.softmax(model(tf.constant(request)))
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-5)
    assert found["key"].tolist() == [b"a", b"", b"a"]


def test_a_mistake_in_the_model_is_named_with_its_cure(tmp_path):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([1.0])), 0.0)

    class Captures(keras.layers.Layer):
        def call(self, inputs):
            return (lambda words: table.lookup(words))(inputs)

        def compute_output_spec(self, inputs):
            return keras.KerasTensor(inputs.shape, "float32")

    word = keras.Input((1,), dtype="string", name="word")
    model = keras.Model(word, keras.layers.Dense(1)(Captures()(word)))
    with pytest.raises(ExportInvalidError, match=r"\(table_in_closure\).*Fix:"):
        export_model(model, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


def test_answers_that_are_not_the_keras_models_stop_the_export(numbers, tmp_path, monkeypatch):
    def weights_change(folder):
        numbers.set_weights([weight + 1 for weight in numbers.get_weights()])

    monkeypatch.setattr(generic_export, "scrub_build_paths", weights_change)
    with pytest.raises(ExportInvalidError, match=r"keras_answers \[serving_default\].*Keras model says"):
        export_model(numbers, tmp_path / "model" / "1", key=None)
    assert list((tmp_path / "model").iterdir()) == []


def test_only_what_is_read_is_stored(numbers):
    numbers.compile("adam", "mse", metrics=["mae"])
    numbers.fit(np.zeros((2, 4)), np.zeros((2, 2)), verbose=0)
    assert sum(variable.shape.num_elements() for variable in module_of(numbers).model_variables) == 4 * 2 + 2


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a, b: {"mean": a, "spread": b}, {"mean": ("float32", (None, 3)), "spread": ("float32", (None, 1))}),
        (lambda a, b: [a, b], {"one": ("float32", (None, 3)), "two": ("float32", (None, 1))}),
        (lambda a, b: a, {"one": ("float32", (None, 3))}),
    ],
)
def test_outputs_are_named_by_the_model_or_by_its_layers(make, expected):
    given = [keras.Input((2,), name="first"), keras.Input((2,), name="second")]
    hidden = keras.layers.Concatenate()(given)
    made = make(keras.layers.Dense(3, name="one")(hidden), keras.layers.Dense(1, name="two")(hidden))
    module = module_of(keras.Model(given, made))
    assert outputs(module) == expected
    assert set(module.inputs) == {"first", "second"}


def test_one_score_and_two_labels_is_the_probability_of_the_second():
    lookup = LabelLookup(["ham", "spam"])
    found = lookup(tf.constant([[0.75], [0.25]]))
    assert found["label"].numpy().tolist() == [b"spam", b"ham"]
    assert found["score"].numpy().tolist() == [0.75, 0.75]
    assert found["probabilities"].numpy().tolist() == [[0.25, 0.75], [0.75, 0.25]]
    logits = LabelLookup(["ham", "spam"], from_logits=True)(tf.constant([[0.0]]))
    assert logits["score"].numpy().tolist() == [0.5]


@pytest.mark.parametrize(
    ("content", "message"), [("a\n\nc\n", r"labels\.txt:2: this line is blank"), ("", r"labels\.txt:1: this line is")]
)
def test_a_blank_line_in_a_file_of_labels_is_named(tmp_path, content, message):
    (tmp_path / "labels.txt").write_text(content, encoding="utf-8")
    with pytest.raises(ModelExportError, match=message):
        LabelLookup(tmp_path / "labels.txt")


def test_a_file_of_labels_keeps_every_character(tmp_path):
    (tmp_path / "labels.txt").write_bytes("new york\r\n\u2028Köln\r\nx".encode())
    assert LabelLookup(str(tmp_path / "labels.txt")).labels == ["new york", "\u2028Köln", "x"]


@pytest.mark.parametrize(
    ("wishes", "error", "message"),
    [
        ({"default": "other"}, ModelExportError, "default is 'other'"),
        ({"default": "keyed", "key": None}, ModelExportError, "keyed needs a key"),
        ({"forward": {"region": "text"}}, ModelExportError, "region has dtype 'text'"),
        ({"forward": {"scores": "float32"}}, AddSignaturesError, "has an output of that name"),
        ({"labels": []}, ModelExportError, "holds no label"),
        ({"labels": "none.txt"}, ModelExportError, "there is no file none.txt"),
        ({"labels": ["a", "b", "c"]}, ModelExportError, r"there are 3 .*output scores has shape \(None, 2\)"),
        ({"inputs": {"x": tf.TensorSpec([None, 4]), "y": tf.TensorSpec([None])}}, ModelExportError, r"takes \['x'\]"),
        ({"transform_graph": "nowhere"}, ModelExportError, "nowhere is no complete output folder of tf.Transform"),
        ({"examples": {"y": [[1.0] * 4]}}, ModelExportError, r"give as many of each of \['x'\]"),
    ],
)
def test_wishes_that_do_not_go_with_the_model_are_refused(numbers, tmp_path, wishes, error, message):
    with pytest.raises(error, match=message):
        export_model(numbers, tmp_path / "1", **wishes)
    assert list(tmp_path.iterdir()) == []


def test_labels_need_a_single_output_and_a_folder_is_not_replaced(numbers, tmp_path):
    both = keras.Model(numbers.inputs, {"a": numbers.outputs[0], "b": numbers.outputs[0]})
    with pytest.raises(ModelExportError, match="labels belong to one output"):
        export_model(both, tmp_path / "1", labels=["a", "b"])
    with pytest.raises(ModelExportError, match="exists already"):
        export_model(numbers, tmp_path)
