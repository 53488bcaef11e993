"""Adam, compared with Keras's own, and the moving average."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

keras, tf = LazyModule("keras"), LazyModule("tensorflow")
optimizer = LazyModule("components.trainer.loop.optimizer")


def schedule():
    from types import SimpleNamespace

    return optimizer.learning_rate_schedule(SimpleNamespace(warmup=0.2, learning_rate=0.1), steps=25)


def test_learning_rate_rises_to_its_peak_and_falls_to_zero():
    rates = [float(schedule()(step)) for step in range(26)]
    assert (rates[0], rates[25]) == (0.0, pytest.approx(0.0, abs=1e-7))
    assert rates[5] == max(rates) == pytest.approx(0.1)


def test_steps_are_those_of_keras():
    random = np.random.default_rng(0)
    start = [random.normal(size=shape).astype(np.float32) for shape in ((4, 3), (3,))]
    gradients = [[random.normal(size=value.shape).astype(np.float32) for value in start] for _ in range(12)]
    own = [tf.Variable(value) for value in start]
    adam = optimizer.Adam(own, schedule(), tf.distribute.get_strategy())
    keras_own = [keras.Variable(value) for value in start]
    reference = keras.optimizers.Adam(schedule())
    reference.build(keras_own)
    apply = tf.function(adam.apply)
    for now in gradients:
        apply([tf.constant(gradient) for gradient in now])
        reference.apply([tf.constant(gradient) for gradient in now], keras_own)
    for one, other in zip(own, keras_own, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-5)
    assert int(adam.iterations) == 12
    np.testing.assert_allclose(float(adam.learning_rate), float(reference.learning_rate), rtol=1e-6)


def test_variables_are_all_that_the_next_step_depends_on():
    weight = tf.Variable([1.0, 2.0])
    adam = optimizer.Adam([weight], lambda step: 0.1, tf.distribute.get_strategy())
    adam.apply([tf.constant([0.5, -1.0])])
    kept = [variable.numpy() for variable in (weight, *adam.variables)]
    adam.apply([tf.constant([2.0, 1.0])])
    after = weight.numpy()
    other = tf.Variable([0.0, 0.0])
    resumed = optimizer.Adam([other], lambda step: 0.1, tf.distribute.get_strategy())
    for variable, value in zip((other, *resumed.variables), kept, strict=True):
        variable.assign(value)
    resumed.apply([tf.constant([2.0, 1.0])])
    np.testing.assert_array_equal(other.numpy(), after)


def averaged(momentum, values, **options):
    weight = tf.Variable([0.0])
    average = optimizer.WeightAverage([weight], momentum, tf.distribute.get_strategy(), **options)
    for step, value in enumerate(values, start=1):
        weight.assign([value])
        average.after_step(step)
    return weight, average


@pytest.mark.parametrize("momentum", [0.5, 0.9, 0.99])
def test_average_is_exponential(momentum):
    values = np.random.default_rng(0).normal(size=64).astype(np.float32)
    _, average = averaged(momentum, values)
    expected, every = 0.0, average.interval
    for update, value in enumerate(values[every - 1 :: every]):
        expected += max(1 - momentum**every, 3 / (3 + update)) * (value - expected)
    np.testing.assert_allclose(average.variables[0].numpy(), [expected], rtol=1e-5, atol=1e-6)


def test_initial_weights_have_no_share_in_the_average():
    weight, average = averaged(0.998, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0])
    np.testing.assert_allclose(average.variables[0].numpy(), weight.numpy())


def test_average_of_fewer_steps_than_an_interval_is_the_last_weights():
    weight, average = averaged(0.998, [1.0, 2.0, 3.0])
    np.testing.assert_allclose(average.variables[0].numpy(), weight.numpy())


def test_weights_of_an_earlier_model_keep_their_share_in_the_average():
    _, average = averaged(0.9, [1.0] * 5, warm=True)
    np.testing.assert_allclose(average.variables[0].numpy(), [1 - 0.9**5], rtol=1e-5)


def test_long_memory_is_updated_rarely_and_is_as_long():
    long, more = 8000, 400  # after 8,000 steps the larger shares of the start are over
    _, average = averaged(0.998, [0.0] * long + [1.0] * more)
    assert average.interval == 8
    np.testing.assert_allclose(average.variables[0].numpy(), [1 - 0.998**more], rtol=1e-4)
    assert averaged(0.9, [1.0])[1].interval == 1


def test_average_replaces_the_weights_within_the_context():
    weight, average = averaged(0.5, [1.0, 2.0])
    with average.in_place():
        assert weight.numpy() == pytest.approx([1.75])
    assert weight.numpy() == [2.0]


def test_without_momentum_there_is_no_average():
    weight, average = averaged(0.0, [1.0, 2.0])
    assert average.variables == []
    with average.in_place():
        assert weight.numpy() == [2.0]
