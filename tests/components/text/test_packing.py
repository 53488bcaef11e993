"""Sentences behind one another in one row."""

from __future__ import annotations

import pytest
import tensorflow as tf

from components.text.packing import PackedRow
from components.text.token_positions import TokenPositions


def packed(lengths, gap):
    splits = tf.concat([[0], tf.cumsum(tf.constant(lengths, tf.int64))], 0)
    return PackedRow(TokenPositions.of(tf.cast(splits, tf.int64)), gap)


def test_a_gap_of_padding_stands_between_sentences():
    row = packed([2, 0, 3], gap=2)
    assert row.lay(tf.constant([1, 2, 3, 4, 5])).numpy().tolist() == [[1, 2, 0, 0, 0, 0, 3, 4, 5]]


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]], ids=str)
def test_no_token_gives_one_column_of_padding_at_least(lengths):
    row = packed(lengths, gap=1)
    laid = row.lay(tf.zeros([0, 4], tf.int64))
    assert laid.shape[1] >= 1
    assert not laid.numpy().any()
    assert row.pick(laid).shape == (0, 4)


@pytest.mark.parametrize("gap", [0, 3])
def test_what_is_laid_is_picked_again(gap):
    values = tf.reshape(tf.range(1, 13), [6, 2])
    row = packed([1, 0, 4, 1], gap)
    assert row.pick(row.lay(values)).numpy().tolist() == values.numpy().tolist()
