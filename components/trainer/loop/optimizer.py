"""Learning rate, Adam and the moving average of the weights.

docs/decisions/0007-own-optimizer-and-loop.md says why these are not Keras's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from components.trainer.settings import TrainerSettings

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7  # keras.optimizers.Adam's defaults


def learning_rate_schedule(settings: TrainerSettings, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns a linear warm-up followed by a cosine decay to zero.

    Args:
        settings: peak learning rate, and the warm-up's share of all steps.
        steps: number of steps in all epochs.
    """
    warmup = int(settings.warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else settings.learning_rate,
        decay_steps=max(steps - warmup, 1),
        warmup_target=settings.learning_rate if warmup else None,
        warmup_steps=warmup,
    )


class Adam:
    """Adam on TensorFlow's fused kernel.

    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", with the formula and constants of
    `keras.optimizers.Adam`; `tests/components/trainer/loop/test_optimizer.py` compares the two.

    Attributes:
        iterations: int64 scalar, number of steps taken.
        variables: `iterations` and the moments: the state that a checkpoint saves.
    """

    def __init__(
        self, weights: Sequence[tf.Variable], schedule: Callable[[Any], Any], strategy: tf.distribute.Strategy
    ) -> None:
        """Creates the moments.

        Args:
            weights: weights to train, created under the strategy.
            schedule: number of steps taken -> learning rate.
            strategy: strategy that the weights live on.
        """
        self._weights, self._schedule, self._strategy = weights, schedule, strategy
        with strategy.scope():
            self.iterations = tf.Variable(0, dtype=tf.int64, trainable=False)
            self._first, self._second = (
                [tf.Variable(tf.zeros(weight.shape, weight.dtype), trainable=False) for weight in weights]
                for _ in range(2)
            )
        self.variables = [self.iterations, *self._first, *self._second]

    @property
    def learning_rate(self) -> tf.Tensor:
        """Float32 scalar: learning rate of the next step."""
        return tf.cast(self._schedule(self.iterations), tf.float32)

    def apply(self, gradients: Sequence[Any]) -> None:
        """Takes a step. Call it in cross-replica context, not inside `Strategy.run`.

        Args:
            gradients: one for each weight, equal on all replicas.
        """
        steps = tf.cast(self.iterations + 1, tf.float32)
        scalars = {
            "lr": self.learning_rate,
            "beta1_power": tf.pow(_BETA_1, steps),
            "beta2_power": tf.pow(_BETA_2, steps),
        }
        for weight, first, second, gradient in zip(self._weights, self._first, self._second, gradients, strict=True):
            self._strategy.extended.update(weight, _update, args=(first, second, gradient), kwargs=scalars, group=False)
        self.iterations.assign_add(1)


def _update(
    weight: tf.Variable, first: tf.Variable, second: tf.Variable, gradient: tf.Tensor, **scalars: tf.Tensor
) -> None:
    tf.raw_ops.ResourceApplyAdam(
        var=weight.handle,
        m=first.handle,
        v=second.handle,
        grad=gradient,
        beta1=_BETA_1,
        beta2=_BETA_2,
        epsilon=_EPSILON,
        **scalars,
    )


class WeightAverage:
    """An exponential moving average of the weights, which is scored and kept.

    Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging", in its exponential form.
    Averaging in each step would take a fifth of its CPU time. An average with a long memory therefore takes the weights
    of every eighth step, with a share that gives it the same memory. The first updates have larger shares: the average
    of the first hundred would otherwise consist of initial weights. Weights of an earlier model are worth keeping.

    Attributes:
        variables: the averages; empty without averaging.
        interval: steps between two updates.
    """

    _MOST_SHARE = 0.016  # of one update in the average, unless a single step has more
    _MOST_INTERVAL = 8
    _START = 3  # updates behind the first one: its share is 1, those that follow 3/4, 3/5, ...

    def __init__(
        self, weights: Sequence[tf.Variable], momentum: float, strategy: tf.distribute.Strategy, warm: bool = False
    ) -> None:
        """Starts with the present weights.

        Args:
            weights: weights to average, created under the strategy.
            momentum: share of the average that a step keeps, below 1; 0 turns averaging off.
            strategy: strategy that the weights live on.
            warm: whether the present weights were trained before, so that the first updates have no larger shares.
        """
        self._weights, self._strategy, self._warm = weights, strategy, warm
        self.interval = max(1, min(self._MOST_INTERVAL, round(self._MOST_SHARE / (1 - momentum))))
        self._share = 1 - momentum**self.interval
        with strategy.scope():
            self.variables = [tf.Variable(weight.numpy(), trainable=False) for weight in weights] if momentum else []
        self._update = tf.function(self._update_all, autograph=False)

    def after_step(self, steps: int) -> None:
        """Updates the average if it is due.

        Args:
            steps: number of steps taken.
        """
        # The weights of a training of fewer steps than an interval are those of its last step.
        is_first = not self._warm and steps < self.interval
        if self.variables and (is_first or steps % self.interval == 0):
            updates = max(steps // self.interval - 1, 0)
            first = 0.0 if self._warm else self._START / (self._START + updates)
            self._update(tf.constant(max(self._share, first)))

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Swaps the average into the model for the duration of the context."""
        if not self.variables:
            yield
            return
        trained = [weight.numpy() for weight in self._weights]
        _assign(self._weights, [average.numpy() for average in self.variables])
        try:
            yield
        finally:
            _assign(self._weights, trained)

    def _update_all(self, share: tf.Tensor) -> None:
        for average, weight in zip(self.variables, self._weights, strict=True):
            self._strategy.extended.update(average, _move, args=(weight, share), group=False)


def _move(average: tf.Variable, weight: tf.Variable, share: tf.Tensor) -> None:
    average.assign_add(tf.cast(share, average.dtype) * (weight - average))


def _assign(variables: Sequence[tf.Variable], values: Sequence[object]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
