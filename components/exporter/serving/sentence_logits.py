"""How sentences get through a tagger: packed into one row, or cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

from components.text.packing import PackedRow
from components.text.token_positions import TokenPositions
from components.text.windows import Windows

Ids = Mapping[str, tf.RaggedTensor]
Tagger = Callable[[Mapping[str, tf.Tensor]], tf.Tensor]


def sentence_logits(
    tagger: Tagger, gap: int | None, windows: Windows, ids: Ids, positions: TokenPositions
) -> tf.Tensor:
    """Gives each token the logits that it has when its sentence is alone in the batch.

    Args:
        tagger: ids [rows, tokens] or [rows, tokens, columns] to logits [rows, tokens, tags].
        gap: of the tagger (`components.model.taggers`); None: it needs windows.
        windows: for such a tagger.
        ids: ragged [batch, tokens] or [batch, tokens, columns] by feature, all of the same sentences.
        positions: of their tokens.

    Returns:
        Float32 [all tokens, tags].
    """
    if gap is not None:
        row = PackedRow(positions, gap)
        return row.pick(tagger({name: row.lay(values.flat_values) for name, values in ids.items()}))
    cut = {name: _padded(windows.cut(values)) for name, values in ids.items()}
    return windows.stitch(tagger(cut), next(iter(ids.values())).row_lengths()).flat_values


def _padded(ids: tf.RaggedTensor) -> tf.Tensor:
    """Pads with 0 to the longest row, and to one column at least: not every kernel knows matrices without columns."""
    dense = ids.to_tensor(0)  # [windows, width] or [windows, width, columns]
    missing = tf.cast(tf.equal(tf.shape(dense)[1], 0), tf.int32)
    return tf.pad(dense, [[0, 0], [0, missing], *[[0, 0]] * (dense.shape.rank - 2)])
