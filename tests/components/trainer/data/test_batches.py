"""The order of the batches."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from components.trainer.data.batches import Batches, prefetched
from components.trainer.data.window_table import WindowTable


def table(folder, windows=200, largest_block=0):
    """Windows whose words are numbered through: no two are alike."""
    lengths = np.random.default_rng(0).integers(1, 30, windows)
    ids = np.arange(1, lengths.sum() + 1)
    return WindowTable.write(folder, [(lengths, {"word_ids": ids, "tag_ids": ids})], largest_block)


def first_words(batches, epoch, skip=0):
    return [batch.tags[:, 0].tolist() for batch in batches.epoch(epoch, skip)]


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("block", [0, 100])
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
    assert sorted(map(sorted, second)) != sorted(map(sorted, first))  # other batches, not the same in another order


def test_without_a_seed_epochs_are_alike_and_short_windows_come_first(tmp_path):
    batches = Batches(table(tmp_path), 16)
    widths = [batch.tags.shape[1] for batch in batches.epoch(0)]
    assert widths == sorted(widths)
    assert first_words(batches, 0) == first_words(batches, 1)


@pytest.mark.parametrize("skip", [1, 7, 12, 13, 100])
def test_any_position_can_be_gone_to(tmp_path, skip):
    batches = Batches(table(tmp_path, largest_block=300), 16, seed=3, pool_blocks=4)
    assert len(batches._pools(2)) > 2
    assert first_words(batches, 2, skip) == first_words(batches, 2)[skip:]


def test_what_is_skipped_is_not_read(tmp_path, monkeypatch):
    batches = Batches(table(tmp_path, largest_block=300), 16, seed=3, pool_blocks=4)
    read = []
    pool = batches.table.pool
    monkeypatch.setattr(batches.table, "pool", lambda blocks: read.append(blocks) or pool(blocks))
    list(batches.epoch(0, skip=batches.steps(0) - 1))
    assert len(read) == 1


def test_batches_hold_windows_of_similar_length(tmp_path):
    batches = Batches(table(tmp_path, windows=2000), 16, seed=3)
    padded = sum(batch.tags.size for batch in batches.epoch(0))
    assert padded < 1.1 * batches.table.tokens


def test_a_large_corpus_is_read_in_parts_made_of_blocks_from_all_over(tmp_path):
    batches = Batches(table(tmp_path, windows=2000, largest_block=200), 16, seed=3, pool_blocks=8)
    parts = [sorted(pool.tolist()) for pool in batches._pools(0)]
    assert max(map(len, parts)) == 8
    assert sorted(itertools.chain(*parts)) == list(range(len(batches.table.block_windows)))
    assert all(part[-1] - part[0] > 50 for part in parts if len(part) == 8)
    assert parts != [sorted(pool.tolist()) for pool in batches._pools(1)]


def test_fixed_shapes_are_few_and_lose_nothing(tmp_path):
    batches = Batches(table(tmp_path), 16, seed=3, fixed_shapes=True)
    shapes = [batch.tags.shape for batch in batches.epoch(0)]
    assert {rows for rows, _ in shapes} == {16}
    assert {width for _, width in shapes} <= {8, 16, 24, 32}
    words = [word for batch in batches.epoch(0) for word in batch.tags[batch.tags > 0].tolist()]
    assert len(words) == batches.table.tokens


def test_items_come_in_order_and_end():
    assert list(prefetched(iter(range(20)), depth=3)) == list(range(20))
    assert list(prefetched(iter([]))) == []


def test_no_more_than_the_depth_lies_ready():
    made, more = [], threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if len(made) >= 4:
                more.set()
            yield number

    ahead = prefetched(items(), depth=3)
    assert next(ahead) == 0
    assert more.wait(10)  # made in the background, without being asked for
    assert len(made) == 4  # the one that was taken, and three
    ahead.close()


def test_errors_of_making_an_item_are_raised_where_it_is_taken():
    def items():
        yield 1
        raise ValueError("broken")

    ahead = prefetched(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
