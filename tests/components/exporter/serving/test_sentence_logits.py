"""A token's logits are those of its sentence alone, whichever way the batch goes through the tagger."""

from __future__ import annotations

import random

import numpy as np
import pytest
import tensorflow as tf

from components.exporter.serving.sentence_logits import sentence_logits
from components.text.token_positions import TokenPositions
from components.text.windows import Windows

REACH = 2


def tagger(features):
    """Logits [rows, tokens, 1]: sums of a token's id, its columns, and the ids that stand up to REACH away."""
    ids, columns = features["word_ids"], features["subword_ids"]
    padded = tf.pad(ids, [[0, 0], [REACH, REACH]])
    width = tf.shape(ids)[1]
    total = tf.add_n([padded[:, step : step + width] * (step + 1) for step in range(2 * REACH + 1)])
    return tf.cast(total + tf.reduce_sum(columns, -1), tf.float32)[..., None]


def batch(lengths, seed=0):
    rng = random.Random(seed)
    words = [[rng.randrange(1, 9) for _ in range(length)] for length in lengths]
    return {
        "word_ids": tf.ragged.constant(words, tf.int64, ragged_rank=1),
        "subword_ids": tf.ragged.constant(
            [[[word, 1] for word in row] for row in words], tf.int64, ragged_rank=1, inner_shape=(2,)
        ),
    }


def logits(ids, gap):
    function = tf.function(
        lambda values: sentence_logits(
            tagger, gap, Windows(8, REACH), values, TokenPositions.of(values["word_ids"].row_splits)
        )
    )
    return function(ids).numpy()


@pytest.mark.parametrize("gap", [REACH, None], ids=["packed", "windows"])
@pytest.mark.parametrize("lengths", [[5], [3, 0, 7, 1, 1], [0, 0], [30, 2, 9]], ids=str)
def test_every_token_has_the_logits_it_has_alone(gap, lengths):
    ids = batch(lengths)
    alone = [
        tagger({name: values[row : row + 1].to_tensor() for name, values in ids.items()})[0].numpy()
        for row, length in enumerate(lengths)
        if length
    ]
    np.testing.assert_array_equal(logits(ids, gap), np.concatenate([*alone, np.zeros([0, 1], np.float32)]))


def test_too_small_a_gap_would_be_seen():
    ids = batch([4, 4])
    assert (logits(ids, REACH - 1) != logits(ids, REACH)).any()
