"""Batches and samples of long iterables, and counts of many different things in bounded memory."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields lists of `size` items, the last one with the rest (`itertools.batched` of Python 3.12).

    Example:
        >>> list(batched("abcde", 2))
        [['a', 'b'], ['c', 'd'], ['e']]
    """
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def evenly_spaced(items: Sequence[Item], most: int) -> Sequence[Item]:
    """Returns at most so many of the items, with equal distances, the first one included.

    Example:
        >>> evenly_spaced("abcdefg", 3), evenly_spaced("ab", 3), evenly_spaced("", 3)
        ('adg', 'ab', '')
    """
    return items[:: max(-(-len(items) // most), 1)]


def forget_rare(counts: Counter[Key], most: int) -> None:
    """Forgets the rarer half of the keys if there are more than `most`: those not more frequent than the median.

    Called after each addition, it loses only counts of rare keys. If all keys are equally frequent, it forgets all.

    Example:
        >>> counts = Counter("aaabbc")
        >>> forget_rare(counts, most=2)
        >>> counts
        Counter({'a': 3})
    """
    if len(counts) <= most:
        return
    median = sorted(counts.values())[len(counts) // 2]
    for key in [key for key, count in counts.items() if count <= median]:
        del counts[key]
