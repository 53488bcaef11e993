"""Where tokens of several sentences stand."""

from __future__ import annotations

import pytest
import tensorflow as tf

from components.text.token_positions import TokenPositions


@pytest.mark.parametrize("lengths", [[], [0], [3], [0, 2, 0, 0, 1, 0], [4, 4]], ids=str)
def test_places_are_those_of_a_ragged_batch(lengths):
    rows = tf.RaggedTensor.from_row_lengths(tf.range(sum(lengths)), tf.constant(lengths, tf.int64))
    positions = TokenPositions.of(rows.row_splits)
    assert positions.tokens.numpy().tolist() == list(range(sum(lengths)))
    assert positions.sentences.numpy().tolist() == rows.value_rowids().numpy().tolist()
    assert positions.begins.numpy().tolist() == [token == 0 for length in lengths for token in range(length)]
