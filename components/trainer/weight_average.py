"""The moving average of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import tensorflow as tf

# How much one update may move the average: no more often than that takes.
_SHARE = 0.016


class WeightAverage:
    """An exponential moving average of the weights, which is what is scored and kept.

    Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging", in the exponential form that is
    common today. A pass over all weights in each step would be a fifth of its CPU time, so that the average of long
    memory takes only each eighth step's weights, with the same memory in steps.

    Attributes:
        variables: the averages; none where there is no averaging.
    """

    def __init__(self, weights: Sequence[tf.Variable], momentum: float, strategy: tf.distribute.Strategy) -> None:
        """Begins with the weights as they are.

        Args:
            weights: what is trained, made under the strategy.
            momentum: share of the average that a step leaves as it is, below 1; 0 keeps no average.
            strategy: what the weights live on.
        """
        self._weights, self._strategy = weights, strategy
        self._every = max(1, min(8, round(_SHARE / (1 - momentum))))
        self._share = 1 - momentum**self._every
        with strategy.scope():
            self.variables = [tf.Variable(weight.numpy(), trainable=False) for weight in weights] if momentum else []
        self._update = tf.function(self._move, autograph=False)

    def after_step(self, steps: int) -> None:
        """Moves the average where it is due.

        Args:
            steps: how many steps training has taken.
        """
        if self.variables and steps % self._every == 0:
            self._update()

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Puts the average into the model for as long as the context lasts."""
        if not self.variables:
            yield
            return
        trained = [weight.numpy() for weight in self._weights]
        _assign(self._weights, [average.numpy() for average in self.variables])
        try:
            yield
        finally:
            _assign(self._weights, trained)

    def _move(self) -> None:
        for average, weight in zip(self.variables, self._weights, strict=True):
            self._strategy.extended.update(average, self._move_one, args=(weight,), group=False)

    def _move_one(self, average: tf.Variable, weight: tf.Variable) -> None:
        average.assign_add(self._share * (weight - average))


def _assign(variables: Sequence[tf.Variable], values: Sequence[object]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
