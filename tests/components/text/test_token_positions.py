"""Positions of concatenated sentences, and rows with padding between them."""

from __future__ import annotations

from support.lazy import LazyModule

tf = LazyModule("tensorflow")
token_positions = LazyModule("components.text.token_positions")


def packed(lengths, padding):
    splits = tf.concat([[0], tf.cumsum(tf.constant(lengths, tf.int64))], 0)
    positions = token_positions.TokenPositions.of(tf.cast(splits, tf.int64))
    return token_positions.PackedRow(positions, padding)


def test_positions_equal_those_of_a_ragged_batch():
    for lengths in ([], [0], [3], [0, 2, 0, 0, 1, 0], [4, 4]):
        rows = tf.RaggedTensor.from_row_lengths(tf.range(sum(lengths)), tf.constant(lengths, tf.int64))
        positions = token_positions.TokenPositions.of(rows.row_splits)
        assert positions.tokens.numpy().tolist() == list(range(sum(lengths)))
        assert positions.sentences.numpy().tolist() == rows.value_rowids().numpy().tolist()
        assert positions.begins.numpy().tolist() == [token == 0 for length in lengths for token in range(length)]


def test_a_row_has_padding_between_sentences():
    row = packed([2, 0, 3], padding=2)
    assert row.lay(tf.constant([1, 2, 3, 4, 5])).numpy().tolist() == [[1, 2, 0, 0, 0, 0, 3, 4, 5]]


def test_a_row_without_tokens_has_at_least_one_column_of_padding():
    for lengths in ([], [0], [0, 0]):
        row = packed(lengths, padding=1)
        laid = row.lay(tf.zeros([0, 4], tf.int64))
        assert laid.shape[1] >= 1
        assert not laid.numpy().any()
        assert row.pick(laid).shape == (0, 4)


def test_pick_inverts_lay():
    values = tf.reshape(tf.range(1, 13), [6, 2])
    for padding in (0, 3):
        row = packed([1, 0, 4, 1], padding)
        assert row.pick(row.lay(values)).numpy().tolist() == values.numpy().tolist()
