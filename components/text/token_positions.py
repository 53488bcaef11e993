"""Where the tokens of a batch stand, when those of all sentences lie one behind the other."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf


class TokenPositions(NamedTuple):
    """Where each token of a batch belongs.

    Attributes:
        splits: int64 [batch + 1], where each sentence begins and ends.
        tokens: int64 [tokens], the numbers of the tokens, from 0.
        sentences: int64 [tokens], the sentence that each token is in.
    """

    splits: tf.Tensor
    tokens: tf.Tensor
    sentences: tf.Tensor

    @classmethod
    def of(cls, splits: tf.Tensor) -> TokenPositions:
        """Derives all from the splits.

        `tf.RaggedTensor.value_rowids` gives the same sentences with a dozen operations more.
        """
        tokens = tf.range(splits[-1])
        sought = {"sorted_inputs": tf.expand_dims(splits, 0), "values": tf.expand_dims(tokens, 0)}
        after = tf.raw_ops.UpperBound(**sought, out_type=tf.int64)
        return cls(splits, tokens, tf.squeeze(after, 0) - 1)

    @property
    def begins(self) -> tf.Tensor:
        """Bool [tokens], whether a token is the first one of its sentence."""
        return tf.equal(self.tokens, tf.gather(self.splits, self.sentences))
