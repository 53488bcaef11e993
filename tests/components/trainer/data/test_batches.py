"""Order and shapes of the batches."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from components.trainer.data.batches import Batches, prefetched
from components.trainer.data.window_table import WindowTable


def table(folder, windows=200, largest_block=1 << 16):
    """Windows with consecutive word ids: no two are equal."""
    lengths = np.random.default_rng(0).integers(1, 30, windows)
    ids = np.arange(1, lengths.sum() + 1)
    return WindowTable.write(folder, [(lengths, {"word_ids": ids, "tag_ids": ids})], largest_block)


def first_words(batches, epoch, skip=0):
    return [batch.tags[:, 0].tolist() for batch in batches.epoch(epoch, skip)]


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("block", [1 << 16, 100])
def test_an_epoch_holds_every_window_once(tmp_path, seed, block):
    batches = Batches(table(tmp_path, largest_block=block), 16, seed, pool_blocks=4)
    words = [word for batch in batches.epoch(0) for word in batch.tags[batch.tags > 0].tolist()]
    assert sorted(words) == list(range(1, batches.table.tokens + 1))
    assert len(first_words(batches, 0)) == batches.steps(0)


def test_order_follows_from_seed_and_epoch(tmp_path):
    windows = table(tmp_path)
    first = first_words(Batches(windows, 16, seed=3), 0)
    assert first_words(Batches(windows, 16, seed=3), 0) == first
    assert first_words(Batches(windows, 16, seed=4), 0) != first
    second = first_words(Batches(windows, 16, seed=3), 1)
    assert sorted(map(sorted, second)) != sorted(map(sorted, first))  # not the same batches in another order


def test_a_small_table_is_read_several_times_in_an_epoch(tmp_path):
    windows = table(tmp_path)
    once, batches = Batches(windows, 16, seed=3), Batches(windows, 16, seed=3, least_steps=30)
    assert batches.steps(0) == 3 * once.steps(0) >= 30
    second = [words for number in (3, 4, 5) for words in first_words(once, number)]
    assert first_words(batches, 1) == second
    assert first_words(batches, 1, skip=20) == second[20:]


def test_without_a_seed_epochs_are_equal_and_short_windows_come_first(tmp_path):
    batches = Batches(table(tmp_path), 16)
    widths = [batch.tags.shape[1] for batch in batches.epoch(0)]
    assert widths == sorted(widths)
    assert first_words(batches, 0) == first_words(batches, 1)


def record_parts(batches, monkeypatch):
    """List that receives the block numbers of each part that is read."""
    parts, read = [], batches.table.pool
    monkeypatch.setattr(batches.table, "pool", lambda blocks: parts.append(sorted(blocks)) or read(blocks))
    return parts


def test_any_position_can_be_reached_and_skipped_parts_are_not_read(tmp_path, monkeypatch):
    batches = Batches(table(tmp_path, largest_block=300), 16, seed=3, pool_blocks=4)
    parts = record_parts(batches, monkeypatch)
    whole = first_words(batches, 2)
    assert len(parts) > 2
    for skip in (1, 7, 12, 13, 100):
        assert first_words(batches, 2, skip) == whole[skip:]
    parts.clear()
    first_words(batches, 0, batches.steps(0) - 1)
    assert len(parts) == 1


def test_batches_hold_windows_of_similar_length(tmp_path):
    batches = Batches(table(tmp_path, windows=2000), 16, seed=3)
    padded = sum(batch.tags.size for batch in batches.epoch(0))
    assert padded < 1.1 * batches.table.tokens


def test_a_large_corpus_is_read_in_parts_of_blocks_from_all_over_it(tmp_path, monkeypatch):
    batches = Batches(table(tmp_path, windows=2000, largest_block=200), 16, seed=3, pool_blocks=8)
    parts = record_parts(batches, monkeypatch)
    first_words(batches, 0)
    first = parts.copy()
    assert max(map(len, first)) == 8
    assert sorted(itertools.chain(*first)) == list(range(len(batches.table.block_windows)))
    assert all(part[-1] - part[0] > 50 for part in first if len(part) == 8)
    first_words(batches, 1)
    assert parts[len(first) :] != first


def test_fixed_shapes_are_few_and_lose_nothing(tmp_path):
    batches = Batches(table(tmp_path), 16, seed=3, fixed_shapes=True)
    shapes = [batch.tags.shape for batch in batches.epoch(0)]
    assert {rows for rows, _ in shapes} == {16}
    assert {width for _, width in shapes} <= {8, 16, 24, 32}
    words = [word for batch in batches.epoch(0) for word in batch.tags[batch.tags > 0].tolist()]
    assert len(words) == batches.table.tokens


def test_prefetched_items_keep_their_order():
    assert list(prefetched(iter(range(20)), depth=3)) == list(range(20))
    assert list(prefetched(iter([]))) == []


def test_no_more_than_depth_items_are_prefetched():
    made, more = [], threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if len(made) >= 4:
                more.set()
            yield number

    ahead = prefetched(items(), depth=3)
    assert next(ahead) == 0
    assert more.wait(60)  # made in the background, before anybody asks
    assert len(made) == 4  # the one taken, and three
    ahead.close()


def test_an_exception_of_the_iterator_is_raised_in_the_consumer():
    def items():
        yield 1
        raise ValueError("broken")

    ahead = prefetched(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
