"""Work done ahead, beside what is waiting for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
