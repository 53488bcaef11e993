"""Training step of a Keras model as one compiled JAX function."""

from __future__ import annotations

from typing import Any

import jax
import keras

from benchmarks.gpu.synthetic import SyntheticBatch


class JaxStep:
    """Steps with Adam whose state stays on the device.

    `keras.Model.train_on_batch` waits for the loss of every step and moves the state back and forth, so it would
    measure Keras's loop.
    """

    def __init__(self, model: keras.Model, loss: keras.losses.Loss, learning_rate: float = 1e-3) -> None:
        """Copies the variables of a built model."""
        self._model, self._loss = model, loss
        self._optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
        self._optimizer.build(model.trainable_variables)
        self._state = tuple(
            [variable.value for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables, self._optimizer.variables)
        )
        self._step = jax.jit(self._compute, donate_argnums=0)

    def __call__(self, batch: SyntheticBatch) -> jax.Array:
        """Takes a step; returns the loss before it, a float32 scalar that may still be computed."""
        self._state, loss = self._step(self._state, batch.features, batch.tags)
        return loss

    def _compute(self, state: tuple[Any, ...], features: dict[str, Any], tags: Any) -> tuple[tuple[Any, ...], Any]:
        trainable, others, optimizer = state

        def objective(weights: Any) -> tuple[Any, Any]:
            logits, updated = self._model.stateless_call(weights, others, features, training=True)
            return self._loss(tags, logits), updated

        (loss, others), gradients = jax.value_and_grad(objective, has_aux=True)(trainable)
        trainable, optimizer = self._optimizer.stateless_apply(optimizer, gradients, trainable)
        return (trainable, others, optimizer), loss
