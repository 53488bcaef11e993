"""Windows over long sentences."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

tf = LazyModule("tensorflow")
windows_module = LazyModule("components.text.windows")


def test_stitch_inverts_cut():
    for size, context in [(4, 1), (5, 0), (8, 3), (128, 16)]:
        windows = windows_module.Windows(size, context)
        values = tf.ragged.constant([list(range(n)) for n in (0, 1, 3, 4, 5, 6, 7, 19, 300)], dtype=tf.int64)
        cut = windows.cut(values)
        assert int(tf.reduce_max(cut.row_lengths())) <= size
        back = windows.stitch(cut.to_tensor(-1), values.row_lengths())
        assert back.to_list() == values.to_list()


def test_used_predictions_have_context_on_both_sides():
    windows = windows_module.Windows(8, 2)
    length = 50
    cut = windows.cut(tf.ragged.range(tf.constant([length], tf.int64)))
    column = tf.ragged.range(cut.row_lengths()).to_tensor()
    begin = tf.broadcast_to(cut.to_tensor()[:, :1], tf.shape(column))
    [stitched] = windows.stitch(tf.stack([column, begin], -1), tf.constant([length], tf.int64)).to_list()
    for token, (column, begin) in enumerate(stitched):
        assert column >= min(2, token)
        assert begin + 8 - 1 - token >= min(2, length - 1 - token)


def test_empty_batch_has_no_windows():
    empty = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int64), tf.zeros([0], tf.int64))
    assert windows_module.Windows(4, 1).cut(empty).nrows() == 0


def test_windows_that_do_not_advance_are_rejected():
    with pytest.raises(ValueError, match="size 4, context 2"):
        windows_module.Windows(4, 2)
