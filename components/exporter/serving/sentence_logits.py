"""Logits of whole sentences: packed into one row, or cut into windows if the tagger's receptive field is unbounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from components.text.token_positions import PackedRow, TokenPositions

if TYPE_CHECKING:
    from components.trainer.trained_model import TrainedModel

Ids = Mapping[str, tf.RaggedTensor]


def sentence_logits(trained: TrainedModel, ids: Ids, positions: TokenPositions) -> tf.Tensor:
    """Returns for each token the logits that it has when its sentence is alone in the batch.

    Args:
        trained: a tagger from ids [rows, tokens] or [rows, tokens, columns] to logits [rows, tokens, tags], and its
            windows.
        ids: ragged [batch, tokens] or [batch, tokens, columns] by feature, all of the same sentences.
        positions: of their tokens.

    Returns:
        Float32 [all tokens, tags].
    """
    model, windows = trained.model, trained.windows
    if model.receptive_field is not None:
        row = PackedRow(positions, model.receptive_field)
        packed = {name: row.lay(values.flat_values) for name, values in ids.items()}  # [1, tokens and gaps, ...]
        return row.pick(model(packed, training=False))
    cut = {name: _padded(windows.cut(values)) for name, values in ids.items()}  # [windows, width, ...]
    return windows.stitch(model(cut, training=False), next(iter(ids.values())).row_lengths()).flat_values


def _padded(ids: tf.RaggedTensor) -> tf.Tensor:
    """Pads with 0 to the longest row, and to at least one column, because not every kernel takes empty matrices."""
    dense = ids.to_tensor(0)  # [windows, width] or [windows, width, columns]
    missing = tf.cast(tf.equal(tf.shape(dense)[1], 0), tf.int32)
    return tf.pad(dense, [[0, 0], [0, missing], *[[0, 0]] * (dense.shape.rank - 2)])
