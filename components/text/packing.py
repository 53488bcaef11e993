"""All sentences of a batch, one behind the other in a single row.

For taggers that look no farther than a few tokens: where a batch that is padded to its longest sentence spends most of
its time on padding, a row spends it on tokens, and no sentence is too long.
"""

from __future__ import annotations

import tensorflow as tf

from components.text.token_positions import TokenPositions


class PackedRow:
    """Where the tokens of a batch stand in the row: between sentences there is padding, id 0."""

    def __init__(self, positions: TokenPositions, gap: int) -> None:
        """Lays the sentences out.

        Args:
            positions: of the tokens of the batch.
            gap: padding tokens between sentences, so many that the tagger does not see one from the other.
        """
        self._position = positions.tokens + gap * positions.sentences
        gaps = gap * (tf.size(positions.splits, tf.int64) - 2)
        # Not every kernel knows rows without columns.
        self._length = tf.maximum(positions.splits[-1] + gaps, 1)

    def lay(self, values: tf.Tensor) -> tf.Tensor:
        """Puts ids into the row: [tokens, ...] to [1, length, ...]."""
        shape = tf.concat([tf.expand_dims(self._length, 0), tf.constant(values.shape[1:].as_list(), tf.int64)], 0)
        return tf.expand_dims(tf.scatter_nd(tf.expand_dims(self._position, 1), values, shape), 0)

    def pick(self, row: tf.Tensor) -> tf.Tensor:
        """Takes what belongs to tokens out of a row: [1, length, ...] to [tokens, ...]."""
        return tf.gather(tf.squeeze(row, 0), self._position)
