"""Counts in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter

from components.common.iterables import forget_rare


def test_frequent_keys_keep_their_counts():
    counts: Counter[int] = Counter()
    for number in range(5000):
        counts.update([number, -1, -2])
        forget_rare(counts, 100)
    assert counts[-1] == counts[-2] == 5000
    assert len(counts) <= 100


def test_up_to_the_limit_nothing_is_forgotten():
    counts = Counter(range(100))
    forget_rare(counts, 100)
    assert len(counts) == 100


def test_four_times_as_many_keys_take_no_more_memory():
    peaks = []
    for keys in (10_000, 40_000):
        tracemalloc.start()
        counts: Counter[str] = Counter()
        for number in range(keys):
            counts[f"word{number}"] += 1
            forget_rare(counts, 5_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
