"""One training step on any number of devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from components.trainer.data.window_table import Batch
from components.trainer.devices import Devices
from components.trainer.loop.optimizer import Adam

Objective = Callable[[Callable[..., Any], dict[str, Any], Any], Any]
"""(model, features, tags) -> float scalar to minimize: a mean over the tokens that have a tag.

Call the model with `training=True`; it may be a compiled form of the model that is trained.
"""


class TrainingStep:
    """A gradient step that splits a batch into pieces and over devices.

    Each token of a batch has the same weight wherever it is computed, so the result is that of the whole batch on one
    device.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        optimizer: Adam,
        devices: Devices,
        *,
        clip_norm: float,
        pieces: int = 1,
        jit_compile: bool = False,
    ) -> None:
        """Prepares the step; the graph is traced at the first batch.

        Args:
            model: a built model.
            objective: the function to minimize.
            optimizer: optimizer of the model's trainable weights.
            devices: devices that the model was created on.
            clip_norm: maximum norm of the gradient of all weights together.
            pieces: number of parts of a batch that each device computes one after another, to save memory.
            jit_compile: compile the tagger with XLA, once for each shape.
        """
        self._model, self._objective, self._optimizer = model, objective, optimizer
        self._strategy, self._clip_norm, self._pieces = devices.strategy, clip_norm, pieces
        self._weights = trainable_weights(model)
        if jit_compile:
            # Without the loss: XLA cannot compute the gradient of a loop over tokens.
            self._model = tf.function(model, autograph=False, jit_compile=True)
        self._any_shape = not jit_compile  # XLA needs static shapes
        self._run: Callable[..., tf.Tensor] | None = None

    def __call__(self, batch: Batch) -> tf.Tensor:
        """Takes a step; returns the objective before it, a float32 scalar."""
        if self._run is None:
            signature = batch.signature if self._any_shape else None
            self._run = tf.function(self._step, autograph=False, input_signature=signature)
        return self._run(batch.features, batch.tags)

    def _step(self, features: dict[str, tf.Tensor], tags: tf.Tensor) -> tf.Tensor:
        loss, *gradients = self._strategy.run(self._on_device, args=(features, tags))
        self._optimizer.apply(gradients)
        return self._strategy.experimental_local_results(loss)[0]

    def _on_device(self, features: dict[str, tf.Tensor], tags: tf.Tensor) -> list[tf.Tensor]:
        """Returns objective and clipped gradients of the whole batch; this device computes its share of the rows."""
        context = tf.distribute.get_replica_context()
        replicas, total = context.num_replicas_in_sync, _count_tagged(tags)
        if replicas > 1:
            number = context.replica_id_in_sync_group
            features, tags = {name: rows[number::replicas] for name, rows in features.items()}, tags[number::replicas]
        loss, *gradients = self._in_pieces(features, tags, total)
        if replicas > 1:
            loss, *gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, [loss, *gradients])
        return [loss, *self._clip(gradients)]

    def _clip(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        # Clipping is a pass over all weights, which most steps can do without.
        norm = tf.linalg.global_norm(gradients)
        return tf.cond(
            norm > self._clip_norm,
            lambda: tf.clip_by_global_norm(gradients, self._clip_norm, use_norm=norm)[0],
            lambda: gradients,
        )

    def _in_pieces(self, features: dict[str, tf.Tensor], tags: tf.Tensor, total: tf.Tensor) -> list[tf.Tensor]:
        if self._pieces == 1:
            return self._gradients_of_piece(features, tags, total)
        sums: list[tf.Tensor] = []
        for piece in range(self._pieces):
            # One after another: in parallel they would need the memory of the whole batch.
            with tf.control_dependencies(sums):
                own = {name: tf.identity(rows[piece :: self._pieces]) for name, rows in features.items()}
                parts = self._gradients_of_piece(own, tf.identity(tags[piece :: self._pieces]), total)
            sums = [one + other for one, other in zip(sums, parts, strict=True)] if sums else parts
        return sums

    def _gradients_of_piece(self, features: dict[str, tf.Tensor], tags: tf.Tensor, total: tf.Tensor) -> list[tf.Tensor]:
        share = _count_tagged(tags) / total
        with tf.GradientTape() as tape:
            loss = tf.cast(self._objective(self._model, features, tags), tf.float32) * share
        # Dense: an embedding's sparse gradient names rows, and soon most rows are named.
        gradients = tape.gradient(loss, self._weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [loss, *map(tf.convert_to_tensor, gradients)]


def trainable_weights(model: keras.Model) -> list[tf.Variable]:
    """Returns the trainable weights as TensorFlow variables."""
    return [variable.value for variable in model.trainable_variables]


def supervised(loss: Callable[[Any, Any], Any]) -> Objective:
    """Makes an objective from a loss.

    Args:
        loss: (tag ids, logits) -> mean over the tokens that have a tag.
    """
    return lambda model, features, tags: loss(tags, model(features, training=True))


def _count_tagged(tags: tf.Tensor) -> tf.Tensor:
    """Returns the number of tokens with a known tag, at least 1, as a float32 scalar."""
    return tf.maximum(tf.reduce_sum(tf.cast(tags > 0, tf.float32)), 1.0)
