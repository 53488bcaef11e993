"""A token has the logits of its sentence alone, both packed and in windows."""

from __future__ import annotations

import random
import types

import numpy as np
import pytest
from support.lazy import LazyModule

tf = LazyModule("tensorflow")
REACH = 2


def tagger(features):
    """Returns logits [rows, tokens, 1]: sums of a token's id, its columns, and the ids up to REACH away."""
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


class Tagger:
    def __init__(self, receptive_field):
        self.receptive_field = receptive_field

    def __call__(self, features, training):
        return tagger(features)


def logits(ids, receptive_field):
    from components.exporter.serving.sentence_logits import sentence_logits
    from components.text.token_positions import TokenPositions
    from components.text.windows import Windows

    trained = types.SimpleNamespace(model=Tagger(receptive_field), windows=Windows(8, REACH), tags=("X",))
    function = tf.function(
        lambda values: sentence_logits(trained, values, TokenPositions.of(values["word_ids"].row_splits))
    )
    return function(ids).numpy()


@pytest.mark.parametrize("receptive_field", [REACH, None], ids=["packed", "windows"])
@pytest.mark.parametrize("lengths", [[5], [3, 0, 7, 1, 1], [0, 0], [30, 2, 9]], ids=str)
def test_every_token_has_the_logits_it_has_alone(receptive_field, lengths):
    ids = batch(lengths)
    alone = [
        tagger({name: values[row : row + 1].to_tensor() for name, values in ids.items()})[0].numpy()
        for row, length in enumerate(lengths)
        if length
    ]
    np.testing.assert_array_equal(logits(ids, receptive_field), np.concatenate([*alone, np.zeros([0, 1], np.float32)]))


@pytest.mark.parametrize("receptive_field", [REACH, None], ids=["packed", "windows"])
@pytest.mark.parametrize("part", [8, 16, 24])
def test_long_requests_are_read_in_parts_with_the_same_logits(receptive_field, part, monkeypatch):
    from components.exporter.serving import sentence_logits

    ids = batch([30, 0, 2, 50, 17, 1])
    whole = logits(ids, receptive_field)
    monkeypatch.setattr(sentence_logits, "PART", part)
    np.testing.assert_array_equal(logits(ids, receptive_field), whole)


def test_a_receptive_field_that_is_too_small_changes_logits():
    ids = batch([4, 4])
    assert (logits(ids, REACH - 1) != logits(ids, REACH)).any()
