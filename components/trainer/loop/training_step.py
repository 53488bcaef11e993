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
        # Between hosts, the rows of an embedding that a batch names are less to send than all of it.
        self._sends_rows = devices.replicas > 1 and not devices.gpus
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
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
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
        sums: list[Any] = []
        for piece in range(self._pieces):
            # One after another: in parallel they would need the memory of the whole batch.
            with tf.control_dependencies(sums):
                own = {name: tf.identity(rows[piece :: self._pieces]) for name, rows in features.items()}
                parts = self._gradients_of_piece(own, tf.identity(tags[piece :: self._pieces]), total)
            sums = [_sum(one, other) for one, other in zip(sums, parts, strict=True)] if sums else parts
        return sums

    def _gradients_of_piece(self, features: dict[str, tf.Tensor], tags: tf.Tensor, total: tf.Tensor) -> list[tf.Tensor]:
        share = _count_tagged(tags) / total
        with tf.GradientTape() as tape:
            loss = tf.cast(self._objective(self._model, features, tags), tf.float32) * share
        gradients = tape.gradient(loss, self._weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # Dense on one device: Adam changes all rows of an embedding, not only those that the gradient names.
        return [loss, *map(_named_once if self._sends_rows else tf.convert_to_tensor, gradients)]


def _named_once(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor | tf.IndexedSlices:
    """Adds up the values of rows that a gradient names several times."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, position = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _sum(one: tf.Tensor | tf.IndexedSlices, other: tf.Tensor | tf.IndexedSlices) -> tf.Tensor | tf.IndexedSlices:
    if not isinstance(one, tf.IndexedSlices):
        return one + other
    values, rows = tf.concat([one.values, other.values], 0), tf.concat([one.indices, other.indices], 0)
    return _named_once(tf.IndexedSlices(values, rows, one.dense_shape))


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
