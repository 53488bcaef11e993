"""Models of every kind, without a transform graph: images, several inputs, classes, lookup layers, several outputs."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.exporter import ExportError, ExportInvalidError, Signatures, export_model

keras, tf = LazyModule("keras"), LazyModule("tensorflow")
label_lookup = LazyModule("components.exporter.any_model.label_lookup")


@pytest.fixture
def numbers():
    """A model from four numbers to two scores, not compiled."""
    return keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2, name="scores")])


def module_of(model):
    from components.exporter.any_model.keras_interface import KerasInterface
    from components.exporter.any_model.module import GenericModule

    return GenericModule(model, KerasInterface(model))


def outputs(module):
    return {name: (spec.dtype.name, tuple(spec.shape)) for name, spec in module.answer.structured_outputs.items()}


@pytest.mark.extended
def test_a_subclassed_model_needs_its_inputs_declared(serve, tmp_path):
    class Scaled(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs):
            return {"far": self.dense(inputs["a"] / 2), "b": inputs["b"]}

    model = Scaled()
    row = {"a": np.float32([[1, 2, 3], [4, 5, 6]]), "b": np.float32([[0], [1]])}
    with pytest.raises(ExportError, match="was never called"):
        export_model(model, tmp_path / "1")
    expected = model(row)
    with pytest.raises(ExportError, match="declares no inputs"):
        export_model(model, tmp_path / "1")
    specs = {name: tf.TensorSpec([2, *value.shape[1:]], "float32") for name, value in row.items()}
    report = export_model(model, tmp_path / "1", inputs=specs, signatures=Signatures())
    assert set(report.contract.signatures) == {"serving_default"}
    answer = serve(tmp_path / "1")(a=row["a"][:1], b=row["b"][:1])
    np.testing.assert_allclose(answer["far"], expected["far"][:1], rtol=1e-6)


def test_a_lookup_layers_table_is_exported_and_names_python_does_not_allow_are_kept(serve, tmp_path):
    colour = keras.Input((), dtype="string", name="colour")
    ids = keras.layers.StringLookup(vocabulary=["white", "blue"])(colour)
    scores = keras.layers.Dense(2, name="scores")(keras.layers.Embedding(3, 4)(ids))
    model = keras.Model(colour, scores)
    spec = {"flower/colour": tf.TensorSpec([None], tf.string)}
    request = ["blue", "never seen", "white"]
    export_model(model, tmp_path / "1", inputs=spec, labels=["no", "yes"], from_logits=True,
                 examples={"flower/colour": request})  # fmt: skip
    answer = serve(tmp_path / "1")("keyed", **{"flower/colour": request, "key": ["a", "", "a"]})
    expected = keras.ops.softmax(model(tf.constant(request)))
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-5)
    assert answer["key"].tolist() == [b"a", b"", b"a"]


@pytest.mark.extended
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


def test_answers_that_differ_from_the_keras_model_stop_the_export(numbers, tmp_path, monkeypatch):
    from components.exporter.any_model import export as module

    def weights_change(folder):
        numbers.set_weights([weight + 1 for weight in numbers.get_weights()])

    monkeypatch.setattr(module, "scrub_build_paths", weights_change)
    with pytest.raises(ExportInvalidError, match=r"keras_answers \[serving_default\].*Keras model gives"):
        export_model(numbers, tmp_path / "model" / "1", signatures=Signatures())
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.extended
def test_only_variables_that_are_read_are_stored(numbers):
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
    inputs = [keras.Input((2,), name="first"), keras.Input((2,), name="second")]
    hidden = keras.layers.Concatenate()(inputs)
    structure = make(keras.layers.Dense(3, name="one")(hidden), keras.layers.Dense(1, name="two")(hidden))
    module = module_of(keras.Model(inputs, structure))
    assert outputs(module) == expected
    assert set(module.inputs) == {"first", "second"}


def test_one_score_and_two_labels_is_the_probability_of_the_second():
    lookup = label_lookup.LabelLookup(["ham", "spam"])
    answer = lookup(tf.constant([[0.75], [0.25]]))
    assert answer["label"].numpy().tolist() == [b"spam", b"ham"]
    assert answer["score"].numpy().tolist() == [0.75, 0.75]
    assert answer["probabilities"].numpy().tolist() == [[0.25, 0.75], [0.75, 0.25]]
    logits = label_lookup.LabelLookup(["ham", "spam"], from_logits=True)(tf.constant([[0.0]]))
    assert logits["score"].numpy().tolist() == [0.5]


def test_an_empty_line_in_a_file_of_labels_is_named(tmp_path):
    for content, line in (("a\n\nc\n", 2), ("", 1)):
        (tmp_path / "labels.txt").write_text(content, encoding="utf-8")
        with pytest.raises(ExportError, match=rf"labels\.txt:{line}: this line is empty"):
            label_lookup.LabelLookup(tmp_path / "labels.txt")


def test_a_file_of_labels_keeps_every_character(tmp_path):
    (tmp_path / "labels.txt").write_bytes("new york\r\n\u2028Köln\r\nx".encode())
    assert label_lookup.LabelLookup(str(tmp_path / "labels.txt")).labels == ["new york", "\u2028Köln", "x"]


def test_arguments_that_do_not_fit_the_model_are_refused(numbers, tmp_path):
    cases = [
        ({"signatures": Signatures(default="other")}, "signatures.default: 'other'"),
        ({"signatures": Signatures(default="keyed")}, "or keyed with a key"),
        ({"signatures": Signatures(forward={"region": "text"})}, "region has dtype 'text'"),
        ({"signatures": Signatures(forward={"scores": "float32"})}, "has an output of that name"),
        ({"labels": []}, "holds no labels"),
        ({"labels": "none.txt"}, "no such file: none.txt"),
        ({"labels": ["a", "b", "c"]}, r"3 labels .*output scores of shape \(None, 2\)"),
        ({"inputs": {"x": tf.TensorSpec([None, 4]), "y": tf.TensorSpec([None])}}, r"of model \w+, \['x'\]"),
        ({"transform_graph": "nowhere"}, "nowhere is not a complete output folder of tf.Transform"),
    ]
    for arguments, message in cases:
        with pytest.raises(ExportError, match=message):
            export_model(numbers, tmp_path / "1", **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.extended
def test_examples_need_all_inputs(numbers, tmp_path):
    with pytest.raises(ExportError, match=r"Give as many of each of \['x'\]"):
        export_model(numbers, tmp_path / "1", examples={"y": [[1.0] * 4]})
    assert list(tmp_path.iterdir()) == []


def test_labels_need_a_single_output_and_a_folder_is_not_replaced(numbers, tmp_path):
    both = keras.Model(numbers.inputs, {"a": numbers.outputs[0], "b": numbers.outputs[0]})
    with pytest.raises(ExportError, match="labels: belong to one output"):
        export_model(both, tmp_path / "1", labels=["a", "b"])
    with pytest.raises(ExportError, match="exists already"):
        export_model(numbers, tmp_path)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.extended)])
def test_mixed_precision_is_served_as_float32(serve, tmp_path, policy):
    layers = [keras.layers.Dense(3, "softmax", dtype=policy, name="p")]
    model = keras.Sequential([keras.Input((3,), name="x"), *layers])
    x = np.float32([[0.1, 0.2, 0.3], [1, -1, 2]])
    expected = np.float32(keras.ops.cast(model(x), "float32"))
    report = export_model(model, tmp_path / "1", labels=["a", "b", "c"], examples={"x": x})
    tensors = report.contract.signatures["serving_default"].outputs
    assert {name: tensor.dtype for name, tensor in tensors.items()} == {
        "label": "string",
        "score": "float32",
        "probabilities": "float32",
    }
    answer = serve(tmp_path / "1")(x=x)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=0.01)
    assert answer["label"].tolist() == [b"abc"[best : best + 1] for best in expected.argmax(-1)]


def test_half_precision_inputs_are_float32_in_requests_and_complex_outputs_are_refused():
    half = keras.Input((3,), name="x", dtype="bfloat16")
    module = module_of(keras.Model(half, keras.layers.Dense(2, dtype="bfloat16", name="y")(half)))
    assert module.inputs["x"].dtype == "float32"
    assert outputs(module) == {"y": ("float32", (None, 2))}

    class Fourier(keras.layers.Layer):
        def call(self, x):
            return tf.signal.fft(tf.cast(x, tf.complex64))

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, "complex64")

    x = keras.Input((4,), name="x")
    with pytest.raises(ExportError, match="complex64, which a request or an answer cannot hold"):
        module_of(keras.Model(x, Fourier(name="f")(x)))
