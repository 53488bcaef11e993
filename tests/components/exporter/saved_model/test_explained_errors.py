"""Mistakes that TensorFlow or Keras report before there is a folder: the message explains them."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.exporter import ExportInvalidError
from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.validator.probe.pitfalls import PITFALLS

keras, tf = LazyModule("keras"), LazyModule("tensorflow")


def label_table(keys):
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, ["OUT", "B-NAME"]), "[PAD]")


def table_in_closure(folder):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([1], tf.int64)), 0)
    module = tf.Module()
    module.run = tf.function(
        lambda words: {"ids": table.lookup(words)}, input_signature=[tf.TensorSpec([None], tf.string)]
    )
    tf.saved_model.save(module, str(folder / "model"), signatures=module.run)


def table_in_lambda_layer(folder):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([1], tf.int64)), 0)
    lookup = keras.layers.Lambda(lambda words: table.lookup(words), output_shape=(), dtype="int64")
    keras.Sequential([keras.layers.Input((), dtype="string"), lookup]).export(folder / "model")


def int_keyed_label_table(folder):
    module = tf.Module()
    module.table = label_table([0, 1])
    spec = tf.TensorSpec([None, 2], tf.float32)
    module.run = tf.function(lambda x: {"tags": module.table.lookup(tf.argmax(x, -1))}, input_signature=[spec])
    tf.saved_model.save(module, str(folder / "model"), signatures=module.run)


def sized(size):
    class Sized(keras.layers.Layer):
        def __init__(self, size):
            super().__init__()
            self.size = size

        def call(self, inputs):
            return inputs

    return Sized(size)


def layer_without_get_config(folder):
    keras.Sequential([keras.layers.Input((4,)), sized(object())]).save(folder / "model.keras")


def layer_nobody_knows(folder):
    keras.Sequential([keras.layers.Input((4,)), sized(3)]).save(folder / "model.keras")
    keras.saving.load_model(folder / "model.keras")


def lambda_loaded(folder):
    keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]).save(folder / "model.keras")
    keras.saving.load_model(folder / "model.keras")


def loss_loaded(folder):
    class PaddingLoss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
    model.compile("adam", PaddingLoss())
    model.save(folder / "model.keras")
    keras.saving.load_model(folder / "model.keras")


def saved_without_export(folder):
    keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)]).save(folder / "model")


def ids_served_as_text(folder):
    module = tf.Module()
    module.run = tf.function(lambda ids: ids + 1, input_signature=[tf.TensorSpec([None], tf.int64)])
    tf.saved_model.save(module, str(folder / "model"))
    tf.saved_model.load(str(folder / "model")).run(tf.constant(["Paris"]))


@pytest.mark.extended
@pytest.mark.parametrize(
    ("mistake", "pitfall"),
    [
        (table_in_closure, "table_in_closure"),
        (table_in_lambda_layer, "table_in_closure"),
        (int_keyed_label_table, "int_label_table"),
        (layer_without_get_config, "no_get_config"),
        (layer_nobody_knows, "no_get_config"),
        (lambda_loaded, "lambda_layer"),
        (loss_loaded, "loss_saved"),
        (saved_without_export, "not_a_saved_model"),
        (ids_served_as_text, "ids_for_strings"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_message_names_the_mistake_and_its_cure(tmp_path, mistake, pitfall):
    with pytest.raises(ExportInvalidError) as caught, explained_errors():
        mistake(tmp_path)
    assert f"({pitfall})" in str(caught.value)
    assert PITFALLS[pitfall].cure in str(caught.value)
    assert caught.value.__cause__ is not None


def test_errors_of_another_kind_pass_unchanged():
    with pytest.raises(ValueError, match="something else"), explained_errors():
        raise ValueError("something else")
