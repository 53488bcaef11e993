"""One step of training, on however many devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from components.trainer.data.window_table import Batch
from components.trainer.devices import Devices
from components.trainer.loop.optimizer import Adam

Objective = Callable[[Callable[..., Any], dict[str, Any], Any], Any]
"""(model, features, tags) -> float scalar to make small, in training: a mean over the tokens that have a tag.

The model is to be called with `training=True`; it may be a compiled form of the one that is trained.
"""


class TrainingStep:
    """Computes the gradient of a batch, in pieces and on all devices, and moves the weights once.

    Each token of a batch weighs the same, wherever it is computed: the result is that of the whole batch on one device.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        optimizer: Adam,
        devices: Devices,
        clip_norm: float,
        pieces: int = 1,
        jit_compile: bool = False,
    ) -> None:
        """Keeps the parts.

        Args:
            model: a built model.
            objective: what to make small.
            optimizer: of the model's trainable weights.
            devices: what the model was made on.
            clip_norm: the longest that the gradient of all weights may be.
            pieces: parts of a batch that each device computes one after another, to need less memory.
            jit_compile: whether XLA compiles the tagger, anew for each shape.
        """
        self._model, self._objective, self._optimizer = model, objective, optimizer
        self._strategy, self._clip_norm, self._pieces = devices.strategy, clip_norm, pieces
        self._weights = weights_of(model)
        if jit_compile:
            # The tagger and its gradient, not the loss: XLA cannot take the gradient of a loop over tokens.
            self._model = tf.function(model, autograph=False, jit_compile=True)
        self._any_shape = not jit_compile  # XLA wants to know the shape
        self._run: Callable[..., tf.Tensor] | None = None

    def __call__(self, batch: Batch) -> tf.Tensor:
        """Takes a step; returns the objective of the batch before it, a float32 scalar."""
        if self._run is None:
            signature = batch.signature if self._any_shape else None
            self._run = tf.function(self._step, autograph=False, input_signature=signature)
        return self._run(batch.features, batch.tags)

    def _step(self, features: dict[str, tf.Tensor], tags: tf.Tensor) -> tf.Tensor:
        loss, *gradients = self._strategy.run(self._on_device, args=(features, tags))
        self._optimizer.apply(gradients)
        return self._strategy.experimental_local_results(loss)[0]

    def _on_device(self, features: dict[str, tf.Tensor], tags: tf.Tensor) -> list[tf.Tensor]:
        """The objective and the clipped gradients of the whole batch; this device computes its share of the rows."""
        context = tf.distribute.get_replica_context()
        replicas, total = context.num_replicas_in_sync, _tagged(tags)
        if replicas > 1:
            number = context.replica_id_in_sync_group
            features, tags = {name: rows[number::replicas] for name, rows in features.items()}, tags[number::replicas]
        loss, *gradients = self._in_pieces(features, tags, total)
        if replicas > 1:
            loss, *gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, [loss, *gradients])
        return [loss, *self._clipped(gradients)]

    def _clipped(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Shortens what is too long; a pass over all weights that most steps can do without."""
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
            # One after the other: side by side they would need the memory of the whole.
            with tf.control_dependencies(sums):
                own = {name: tf.identity(rows[piece :: self._pieces]) for name, rows in features.items()}
                parts = self._gradients_of_piece(own, tf.identity(tags[piece :: self._pieces]), total)
            sums = [one + other for one, other in zip(sums, parts, strict=True)] if sums else parts
        return sums

    def _gradients_of_piece(self, features: dict[str, tf.Tensor], tags: tf.Tensor, total: tf.Tensor) -> list[tf.Tensor]:
        share = _tagged(tags) / total
        with tf.GradientTape() as tape:
            loss = tf.cast(self._objective(self._model, features, tags), tf.float32) * share
        # The gradient of an embedding names the rows that it is about; those are most of the rows soon enough.
        gradients = tape.gradient(loss, self._weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [loss, *map(tf.convert_to_tensor, gradients)]


def weights_of(model: keras.Model) -> list[tf.Variable]:
    """Returns what training changes, as TensorFlow knows it."""
    return [variable.value for variable in model.trainable_variables]


def supervised(loss: Callable[[Any, Any], Any]) -> Objective:
    """Makes an objective of a loss.

    Args:
        loss: (tag ids, logits) -> mean over the tokens that have a tag.
    """
    return lambda model, features, tags: loss(tags, model(features, training=True))


def _tagged(tags: tf.Tensor) -> tf.Tensor:
    """Float32 scalar: tokens that have a tag which can be learned."""
    return tf.maximum(tf.reduce_sum(tf.cast(tags > 0, tf.float32)), 1.0)
