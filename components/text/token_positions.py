"""Positions of a batch's tokens when its sentences are concatenated, with or without padding in between."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf


def row_ids(splits: tf.Tensor) -> tf.Tensor:
    """Returns the row of each value of a ragged tensor: int64 [values].

    `tf.RaggedTensor.value_rowids`, and with it every reduction of a ragged tensor, takes a dozen ops more and memory
    for (number of rows) x (longest row).

    Args:
        splits: int64 [rows + 1].

    Example:
        >>> row_ids(tf.constant([0, 2, 2, 3], tf.int64)).numpy().tolist()
        [0, 0, 2]
    """
    operands = {"sorted_inputs": tf.expand_dims(splits, 0), "values": tf.expand_dims(tf.range(splits[-1]), 0)}
    return tf.squeeze(tf.raw_ops.UpperBound(**operands, out_type=tf.int64), 0) - 1


class TokenPositions(NamedTuple):
    """Token and sentence numbers of a batch whose sentences are concatenated.

    Attributes:
        splits: int64 [batch + 1], begin and end of each sentence.
        tokens: int64 [tokens], numbers of the tokens, from 0.
        sentences: int64 [tokens], sentence of each token.

    Example:
        >>> positions = TokenPositions.of(tf.constant([0, 2, 3], tf.int64))  # "a b", "c"
        >>> positions.sentences.numpy().tolist(), positions.begins.numpy().tolist()
        ([0, 0, 1], [True, False, True])
    """

    splits: tf.Tensor
    tokens: tf.Tensor
    sentences: tf.Tensor

    @classmethod
    def of(cls, splits: tf.Tensor) -> TokenPositions:
        """Derives all positions from the row splits."""
        return cls(splits, tf.range(splits[-1]), row_ids(splits))

    @property
    def first(self) -> tf.Tensor:
        """int64 [tokens], the first token of the sentence of each one."""
        return tf.gather(self.splits, self.sentences)

    @property
    def end(self) -> tf.Tensor:
        """int64 [tokens], the token after the last one of the sentence of each one."""
        return tf.gather(self.splits, self.sentences + 1)

    @property
    def begins(self) -> tf.Tensor:
        """Bool [tokens], true at the first token of each sentence."""
        return tf.equal(self.tokens, self.first)


class PackedRow:
    """All sentences of a batch in one row, with padding (id 0) in between.

    For taggers with a bounded receptive field: a batch that is padded to its longest sentence spends most of its time
    on padding, and a row accepts sentences of any length.

    Example:
        >>> row = PackedRow(TokenPositions.of(tf.constant([0, 2, 3], tf.int64)), padding=2)
        >>> row.lay(tf.constant([5, 6, 7])).numpy().tolist()
        [[5, 6, 0, 0, 7]]
        >>> row.pick(row.lay(tf.constant([5, 6, 7]))).numpy().tolist()
        [5, 6, 7]
    """

    def __init__(self, positions: TokenPositions, padding: int) -> None:
        """Computes the columns.

        Args:
            positions: of the tokens of the batch.
            padding: number of padding tokens between sentences; the receptive field of the tagger or more.
        """
        self._columns = positions.tokens + padding * positions.sentences
        between = padding * (tf.size(positions.splits, tf.int64) - 2)
        # Some kernels fail on rows without columns.
        self._length = tf.maximum(positions.splits[-1] + between, 1)

    def lay(self, values: tf.Tensor) -> tf.Tensor:
        """Puts ids into the row: [tokens, ...] to [1, length, ...]."""
        shape = tf.concat([tf.expand_dims(self._length, 0), tf.constant(values.shape[1:].as_list(), tf.int64)], 0)
        return tf.expand_dims(tf.scatter_nd(tf.expand_dims(self._columns, 1), values, shape), 0)

    def pick(self, row: tf.Tensor) -> tf.Tensor:
        """Takes the values of the tokens out of a row: [1, length, ...] to [tokens, ...]."""
        return tf.gather(tf.squeeze(row, 0), self._columns)
