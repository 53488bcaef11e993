"""Contract of every layer and tagger."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

keras = LazyModule("keras")


@pytest.fixture
def check_layer(tmp_path):
    """Checks that a layer builds, saves, loads, trains one step and runs in mixed precision."""

    def check(make, inputs, expected_shape):
        keras.utils.set_random_seed(0)  # with other seeds dropout may drop every input of the step
        layer = make()
        output = keras.ops.convert_to_numpy(layer(inputs))
        assert output.shape == expected_shape
        copy = type(layer).from_config(layer.get_config())
        assert copy.get_config() == layer.get_config()
        _check_saved(layer, inputs, output, tmp_path / "layer.keras")
        _check_step(make(), inputs)
        mixed = make(dtype="mixed_bfloat16")
        assert np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(mixed(inputs), "float32"))).all()
        return layer

    return check


def _model(layer, inputs):
    """Wraps a layer in a model; taggers are models."""
    if isinstance(layer, keras.Model):
        return layer
    ids = keras.Input(inputs.shape[1:], dtype=inputs.dtype)
    return keras.Model(ids, layer(ids))


def _check_saved(layer, inputs, output, path):
    model = _model(layer, inputs)
    model.save(path)
    loaded = keras.saving.load_model(path, compile=False)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded(inputs)), output)


def _check_step(layer, inputs):
    model = _model(layer, inputs)
    if not model.trainable_variables:
        return
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    before = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    target = np.ones(model(inputs).shape, "float32")
    model.train_on_batch(inputs, target)
    after = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
