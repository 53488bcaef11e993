"""Counts of many different things in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


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
