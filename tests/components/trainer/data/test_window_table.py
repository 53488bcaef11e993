"""Windows in files and in memory."""

from __future__ import annotations

import numpy as np
import pytest

from components.trainer.data.window_table import WindowPool, WindowTable


def chunk(lengths, first=0):
    total = sum(lengths)
    ids = np.arange(first, first + total)
    return np.array(lengths), {"word_ids": ids, "subword_ids": np.stack([ids, -ids], 1), "tag_ids": ids % 3}


def test_windows_are_read_in_the_order_of_the_blocks(tmp_path):
    table = WindowTable.write(tmp_path, [chunk([3, 2, 4]), chunk([1], 9), chunk([5, 5], 10)], largest_block=6)
    assert (len(table), table.tokens) == (6, 20)
    blocks = range(len(table.block_windows))
    whole = table.pool(list(blocks))
    assert whole.lengths.tolist() == [3, 2, 4, 1, 5, 5]
    words = whole.batch(np.arange(6)).features["word_ids"]
    np.testing.assert_array_equal(words[np.arange(5) < whole.lengths[:, None]], np.arange(20))
    backwards = table.pool(list(blocks)[::-1])
    assert sorted(backwards.lengths) == sorted(whole.lengths)
    assert backwards.batch(np.array([0])).features["subword_ids"][0, 0].tolist() == [15, -15]


def test_blocks_are_hardly_larger_than_their_limit(tmp_path):
    lengths = np.random.default_rng(0).integers(1, 20, 500).tolist()
    chunks = [chunk(lengths[i : i + 37]) for i in range(0, 500, 37)]
    table = WindowTable.write(tmp_path, chunks, largest_block=100)
    sizes = [int(table.pool([block]).lengths.sum()) for block in range(len(table.block_windows))]
    assert sum(table.block_windows) == 500
    assert sum(sizes) == sum(lengths)
    assert max(sizes) <= 100 + 20
    assert np.mean(sizes) > 50


def test_windows_without_tokens_are_dropped(tmp_path):
    table = WindowTable.write(tmp_path, [chunk([0, 2, 0]), chunk([]), chunk([0], 2)])
    assert table.pool([0]).lengths.tolist() == [2]


def test_a_split_without_windows_is_empty(tmp_path):
    table = WindowTable.write(tmp_path, [])
    assert (len(table), table.tokens, table.block_windows) == (0, 0, [])


def test_ids_are_counted_over_all_blocks(tmp_path):
    chunks = [(np.array([2]), {"tag_ids": np.array([1, 3])}), (np.array([3]), {"tag_ids": np.array([3, -1, 0])})]
    table = WindowTable.write(tmp_path, chunks, largest_block=2)
    assert len(table.block_windows) == 2
    assert table.counts("tag_ids", 5).tolist() == [1, 1, 0, 2, 0]


def test_columns_of_another_length_are_refused(tmp_path):
    with pytest.raises(ValueError, match="word_ids has 3 values for 4 tokens"):
        WindowTable.write(tmp_path, [(np.array([4]), {"word_ids": np.arange(3)})])


def test_ids_become_int32_and_other_numbers_do_not_change(tmp_path):
    columns = {"word_ids": np.arange(2), "tag_ids": np.array([1, -1]), "weights": np.array([0.5, 0.25], np.float32)}
    batch = WindowTable.write(tmp_path, [(np.array([2]), columns)]).pool([0]).batch(np.array([0]))
    assert batch.features["word_ids"].dtype == np.int32
    assert batch.features["weights"].tolist() == [[0.5, 0.25]]
    assert batch.tags.tolist() == [[1, -1]]


@pytest.fixture
def pool():
    ids = np.arange(1, 7)
    return WindowPool(
        np.array([3, 1, 2]), {"word_ids": ids, "subword_ids": np.stack([ids * 10, ids * 100], 1), "tag_ids": ids}
    )


def test_rows_are_padded_with_zero_to_the_longest(pool):
    batch = pool.batch(np.array([2, 0]))
    assert batch.tags.tolist() == [[5, 6, 0], [1, 2, 3]]
    assert batch.features["word_ids"].tolist() == batch.tags.tolist()
    assert batch.features["subword_ids"][0].tolist() == [[50, 500], [60, 600], [0, 0]]
    assert "tag_ids" not in batch.features


def test_a_batch_can_have_a_fixed_shape(pool):
    batch = pool.batch(np.array([1]), width=2, rows=3)
    assert batch.tags.tolist() == [[4, 0], [0, 0], [0, 0]]
    assert batch.features["subword_ids"].shape == (3, 2, 2)
    assert batch.features["subword_ids"].sum() == 440


def test_making_a_batch_does_not_change_the_pool(pool):
    pool.batch(np.array([1]), width=3)
    assert pool.batch(np.array([0])).tags.tolist() == [[1, 2, 3]]
