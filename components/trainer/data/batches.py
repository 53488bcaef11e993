"""Batches of an epoch, in an order that follows from seed and epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from components.trainer.data.window_table import Batch, WindowTable

# Blocks shuffled together, and so the most that is in memory: two million tokens, about 100 MB.
_POOL_BLOCKS = 32
# Lengths vary by this share before windows are sorted by them, so that no two epochs have the same batches. Padding is
# then 4 % of all tokens (on EWT; 1 % without, 15 % with 0.15).
_LENGTH_NOISE = 0.05
# A program is compiled for each shape, so fixed shapes have few widths.
_WIDTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


class Batches:
    """Batches of windows of similar length, in an order that depends on seed and epoch only.

    Any position in any epoch can be reached without reading the batches before it, so a resumed training sees exactly
    the batches that it would have seen.

    A corpus of more than two million tokens is shuffled in parts of that size. Each epoch composes the parts anew of
    blocks from the whole corpus.

    Example (`tests/components/trainer/data/test_batches.py` shows the order and the shapes):

        for batch in Batches(table, size=32, seed=5).epoch(0, skip=100):
            ...
    """

    def __init__(
        self,
        table: WindowTable,
        size: int,
        seed: int | None = None,
        *,
        fixed_shapes: bool = False,
        pool_blocks: int = _POOL_BLOCKS,
        least_steps: int = 0,
    ) -> None:
        """Stores the arguments.

        Args:
            table: the windows.
            size: windows in a batch; the last batch of each part may be smaller.
            seed: seed of the order; None makes all epochs equal, short windows first.
            fixed_shapes: pad to few widths, and all batches to `size` rows, for compiled programs.
            pool_blocks: number of blocks shuffled together.
            least_steps: number of batches that an epoch has at least: a small table is read several times.
        """
        self.table, self.size = table, size
        self._seed, self._fixed, self._pool_blocks = seed, fixed_shapes, pool_blocks
        self.passes = 1
        self.passes = max(-(-least_steps // max(self.steps(0), 1)), 1)

    def steps(self, epoch: int) -> int:
        """Returns the number of batches in an epoch, counted from 0."""
        windows = self.table.block_windows
        return sum(-(-sum(windows[block] for block in part) // self.size) for _, part in self._parts(epoch))

    def epoch(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """Yields the batches of an epoch.

        Args:
            epoch: its index, from 0.
            skip: number of batches to skip; their windows are not read.
        """
        windows = self.table.block_windows
        for key, blocks in self._parts(epoch):
            count = -(-sum(windows[block] for block in blocks) // self.size)
            if skip < count:
                yield from self._part(blocks, key, skip)
            skip = max(skip - count, 0)

    def _parts(self, epoch: int) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        """Yields the parts of an epoch, one pass after the other: pass and position in it, block numbers."""
        for number in range(epoch * self.passes, (epoch + 1) * self.passes):
            order = np.arange(len(self.table.block_windows))
            if self._seed is not None:
                order = np.random.default_rng([self._seed, number]).permutation(order)
            for position, begin in enumerate(range(0, len(order), self._pool_blocks)):
                yield (number, position), order[begin : begin + self._pool_blocks]

    def _part(self, blocks: np.ndarray, key: tuple[int, int], skip: int) -> Iterator[Batch]:
        pool = self.table.pool(blocks.tolist())
        for windows in self._plan(pool.lengths, key)[skip:]:
            if self._fixed:
                yield pool.batch(windows, _fixed_width(int(pool.lengths[windows].max())), self.size)
            else:
                yield pool.batch(windows)

    def _plan(self, lengths: np.ndarray, key: tuple[int, int]) -> Sequence[np.ndarray]:
        """Returns the window positions of each batch of a part."""
        if self._seed is None:
            return self._split(np.argsort(lengths, kind="stable"))
        random = np.random.default_rng([self._seed, *key, 1])
        # The noise also breaks ties at random.
        noisy = lengths * random.uniform(1 - _LENGTH_NOISE, 1 + _LENGTH_NOISE, len(lengths))
        batches = self._split(np.argsort(noisy, kind="stable"))
        return [batches[number] for number in random.permutation(len(batches))]

    def _split(self, order: np.ndarray) -> list[np.ndarray]:
        return [order[begin : begin + self.size] for begin in range(0, len(order), self.size)]


def _fixed_width(length: int) -> int:
    return next((width for width in _WIDTHS if width >= length), -(-length // 512) * 512)


Item = TypeVar("Item")


def prefetched(items: Iterator[Item], depth: int = 4) -> Iterator[Item]:
    """Prefetches items in a background thread.

    tf.data's prefetch would need a graph, or a wrapped Python generator, which holds the same lock and costs more.

    Args:
        items: none of them may be None.
        depth: number of items to keep ready, which bounds the memory.

    Yields:
        The items. An exception of the iterator is raised here.

    Example:
        >>> list(prefetched(iter("abc")))
        ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1, "prefetch") as thread:
        ahead = deque(thread.submit(next, items, None) for _ in range(depth))
        while (item := ahead.popleft().result()) is not None:
            ahead.append(thread.submit(next, items, None))
            yield item
