"""Signatures of a user's own code, for `exporter.signatures`."""

from __future__ import annotations

import tensorflow as tf


def token_count(module):
    """The number of tokens of each sentence."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="sentence")])
    def count(sentence):
        return {"count": tf.reduce_sum(tf.cast(module.tag(sentence)["ends"] > 0, tf.int32), 1)}

    return count


def without_input_signature(module):
    """Returns a function that cannot be traced."""
    return tf.function(module.tag.python_function)
