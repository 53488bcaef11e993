"""Moving averages."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.weight_average import WeightAverage


def averaged(momentum, values):
    weight = tf.Variable([0.0])
    average = WeightAverage([weight], momentum, tf.distribute.get_strategy())
    for step, value in enumerate(values, start=1):
        weight.assign([value])
        average.after_step(step)
    return weight, average


@pytest.mark.parametrize("momentum", [0.5, 0.9, 0.99])
def test_average_is_exponential(momentum):
    values = np.random.default_rng(0).normal(size=64).astype(np.float32)
    _, average = averaged(momentum, values)
    expected, every = 0.0, average._every
    for value in values[every - 1 :: every]:
        expected += (1 - momentum**every) * (value - expected)
    np.testing.assert_allclose(average.variables[0].numpy(), [expected], rtol=1e-5)


def test_long_memory_is_updated_seldom_and_is_as_long():
    steps = 4000
    _, average = averaged(0.998, [1.0] * steps)
    assert average._every == 8
    np.testing.assert_allclose(average.variables[0].numpy(), [1 - 0.998**steps], rtol=1e-4)
    assert averaged(0.9, [1.0])[1]._every == 1


def test_average_stands_in_for_the_weights_as_long_as_it_is_asked_to():
    weight, average = averaged(0.5, [1.0, 2.0])
    with average.in_place():
        assert weight.numpy() == pytest.approx([1.25])
    assert weight.numpy() == [2.0]


def test_without_momentum_there_is_no_average():
    weight, average = averaged(0.0, [1.0, 2.0])
    assert average.variables == []
    with average.in_place():
        assert weight.numpy() == [2.0]
