"""Logits of whole sentences: packed into one row, or cut into windows if the tagger's receptive field is unbounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from components.exporter.serving.cnn_linear_graph import CnnLinearGraph
from components.text.token_positions import PackedRow, TokenPositions

if TYPE_CHECKING:
    from components.trainer.trained_model import TrainedModel

Ids = Mapping[str, tf.RaggedTensor]
PART = 4096
"""Tokens that the tagger reads at once."""


def sentence_logits(trained: TrainedModel, ids: Ids, positions: TokenPositions) -> tf.Tensor:
    """Returns for each token the logits that it has when its sentence is alone in the batch.

    Args:
        trained: the tagger and its windows. Its model maps ids [rows, tokens] or [rows, tokens, columns] to logits
            [rows, tokens, tags], or is a `CnnLinearGraph`.
        ids: ragged [batch, tokens] or [batch, tokens, columns] by feature, all of the same sentences.
        positions: of their tokens.

    Returns:
        Float32 [all tokens, tags].
    """
    model, windows, tags = trained.model, trained.windows, len(trained.tags)
    if isinstance(model, CnnLinearGraph):
        logits = _in_parts(model, model.inputs(ids, positions), 0, PART, model.receptive_field, model.part)
        return tf.ensure_shape(logits, [None, tags])
    if model.receptive_field is not None:
        row = PackedRow(positions, model.receptive_field)
        packed = {name: row.lay(values.flat_values) for name, values in ids.items()}  # [1, tokens and gaps, ...]
        logits = _in_parts(model, packed, 1, PART, model.receptive_field)
        return row.pick(tf.ensure_shape(logits, [1, None, tags]))
    cut = {name: _padded(windows.cut(values)) for name, values in ids.items()}  # [windows, width, ...]
    logits = _in_parts(model, cut, 0, max(PART // windows.size, 1), 0)
    logits = tf.ensure_shape(logits, [None, None, tags])
    return windows.stitch(logits, next(iter(ids.values())).row_lengths()).flat_values


def _in_parts(
    model: Any,
    ids: Mapping[str, tf.Tensor],
    axis: int,
    size: int,
    context: int,
    cut: Callable[..., Mapping[str, tf.Tensor]] | None = None,
) -> tf.Tensor:
    """Calls the tagger part by part, because its activations take kilobytes per token.

    Args:
        model: the tagger.
        ids: [rows, tokens, ...] by feature.
        axis: 0 to divide the rows, 1 to divide the tokens of a single row.
        size: rows or tokens of a part.
        context: rows or tokens on both sides that a part also reads.
        cut: returns the ids of a part from those of all, its begin and its end; None: slices them.

    Returns:
        The logits of all parts, [rows, tokens, tags].
    """
    total = tf.shape(next(iter(ids.values())))[axis]

    # A separate function: ops inside a branch of tf.cond cost time in every request, even if the branch is not taken.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def in_parts(ids: Mapping[str, tf.Tensor], count: tf.Tensor) -> tf.Tensor:
        def step(number: tf.Tensor, parts: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            begin = number * size
            first = tf.maximum(begin - context, 0)
            end = begin + size + context
            part = cut(ids, first, end) if cut else {name: _sliced(ids[name], axis, first, end) for name in ids}
            logits = _sliced(model(part, training=False), axis, begin - first, begin - first + size)
            return number + 1, parts.write(number, tf.squeeze(logits, 0) if axis else logits)

        parts = tf.TensorArray(tf.float32, count, infer_shape=False)
        parts = tf.while_loop(lambda number, _: number < count, step, (0, parts), parallel_iterations=1)[1]
        return tf.expand_dims(parts.concat(), 0) if axis else parts.concat()

    count = (total + size - 1) // size
    return tf.cond(count > 1, lambda: in_parts(ids, count), lambda: model(ids, training=False))


def _sliced(values: tf.Tensor, axis: int, begin: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    return values[:, begin:end] if axis else values[begin:end]


def _padded(ids: tf.RaggedTensor) -> tf.Tensor:
    """Pads with 0 to the longest row, and to at least one column, because not every kernel takes empty matrices."""
    dense = ids.to_tensor(0)  # [windows, width] or [windows, width, columns]
    missing = tf.cast(tf.equal(tf.shape(dense)[1], 0), tf.int32)
    return tf.pad(dense, [[0, 0], [0, missing], *[[0, 0]] * (dense.shape.rank - 2)])
