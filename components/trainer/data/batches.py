"""Which windows make which batch of which epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from components.trainer.data.window_table import Batch, WindowTable

# 32 blocks are two million tokens, some 100 MB: what is shuffled at once and, all in all, how much is in memory.
_POOL_BLOCKS = 32
# How much lengths are blurred before windows are sorted by them. Padding is then 4 % of all tokens (measured on EWT;
# 1 % without, 15 % with 0.15), and no two epochs have the same batches.
_BLUR = 0.05
# Compiled programs are made for one shape: few lengths, few programs.
_WIDTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


class Batches:
    """The batches of each epoch: windows of similar length together, in an order that depends on seed and epoch only.

    As the order follows from numbers, any position in any epoch can be gone to without reading what is before it, and
    training that was stopped goes on with exactly the batches that it would have seen.

    A corpus larger than two million tokens is shuffled in parts of that size, made of blocks from all over it, others
    in each epoch.
    """

    def __init__(
        self, table: WindowTable, size: int, seed: int | None = None, fixed_shapes: bool = False, pool_blocks: int = 0
    ) -> None:
        """Keeps what the order follows from.

        Args:
            table: the windows.
            size: windows a batch; each part of a large corpus may end with a smaller one.
            seed: of the order; none keeps all epochs the same, short windows first.
            fixed_shapes: pads to few lengths and all batches to `size` rows, for compiled programs.
            pool_blocks: how many blocks are shuffled together; 0 takes the default. For tests.
        """
        self.table, self.size = table, size
        self._seed, self._fixed, self._pool_blocks = seed, fixed_shapes, pool_blocks or _POOL_BLOCKS

    def steps(self, epoch: int) -> int:
        """Returns the number of batches in an epoch, counted from 0."""
        windows = self.table.block_windows
        return sum(-(-sum(windows[block] for block in pool) // self.size) for pool in self._pools(epoch))

    def epoch(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """Yields the batches of an epoch.

        Args:
            epoch: its number, from 0.
            skip: how many batches to leave out at its beginning.
        """
        windows = self.table.block_windows
        for number, blocks in enumerate(self._pools(epoch)):
            count = -(-sum(windows[block] for block in blocks) // self.size)
            if skip < count:
                yield from self._pool(blocks, (epoch, number), skip)
            skip = max(skip - count, 0)

    def _pools(self, epoch: int) -> list[np.ndarray]:
        """Numbers of the blocks of each part of an epoch."""
        order = np.arange(len(self.table.block_windows))
        if self._seed is not None:
            order = np.random.default_rng([self._seed, epoch]).permutation(order)
        return [order[begin : begin + self._pool_blocks] for begin in range(0, len(order), self._pool_blocks)]

    def _pool(self, blocks: np.ndarray, key: tuple[int, int], skip: int) -> Iterator[Batch]:
        pool = self.table.pool(blocks.tolist())
        for windows in self._plan(pool.lengths, key)[skip:]:
            if self._fixed:
                yield pool.batch(windows, _fixed_width(int(pool.lengths[windows].max())), self.size)
            else:
                yield pool.batch(windows)

    def _plan(self, lengths: np.ndarray, key: tuple[int, int]) -> Sequence[np.ndarray]:
        """Positions of the windows of each batch of a part."""
        if self._seed is None:
            return self._cut(np.argsort(lengths, kind="stable"))
        random = np.random.default_rng([self._seed, *key, 1])
        # Ties fall at random, too.
        blurred = lengths * random.uniform(1 - _BLUR, 1 + _BLUR, len(lengths))
        batches = self._cut(np.argsort(blurred, kind="stable"))
        return [batches[number] for number in random.permutation(len(batches))]

    def _cut(self, order: np.ndarray) -> list[np.ndarray]:
        return [order[begin : begin + self.size] for begin in range(0, len(order), self.size)]


def _fixed_width(length: int) -> int:
    """Returns the next of the few lengths that compiled programs are made for."""
    return next((width for width in _WIDTHS if width >= length), -(-length // 512) * 512)


Item = TypeVar("Item")


def prefetched(items: Iterator[Item], depth: int = 4) -> Iterator[Item]:
    """Makes the next few items in a thread of its own.

    tf.data's prefetch would need a graph, or a Python generator wrapped into one, which holds the same lock and costs
    more.

    Args:
        items: none of them may be None.
        depth: how many may lie ready, which is what bounds the memory.

    Yields:
        The items. What making one raises is raised here.
    """
    with ThreadPoolExecutor(1, "prefetch") as thread:
        ahead = deque(thread.submit(next, items, None) for _ in range(depth))
        while (item := ahead.popleft().result()) is not None:
            ahead.append(thread.submit(next, items, None))
            yield item
