"""Counts of tokens in bounded memory; test_preprocessing.py makes its vocabularies from them."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np


def _count(counts, batches):
    """Counts as two workers that share the batches."""
    parts = [counts.create_accumulator(), counts.create_accumulator()]
    for number, batch in enumerate(batches):
        parts[number % 2] = counts.add_input(parts[number % 2], (np.array(batch, object),))
    return counts.extract_output(counts.merge_accumulators(parts))


def test_workers_count_together():
    from components.transform.bounded_vocabularies import CountTokens

    batches = [[b"a", b"b", b"a"], [b"a"], [b"c"]]
    assert _count(CountTokens.Counts(), batches) == Counter({b"a": 3, b"b": 1, b"c": 1})


def test_memory_does_not_grow_with_rare_words():
    from components.transform.bounded_vocabularies import CountTokens

    peaks = []
    for batches in (100, 400):
        tracemalloc.start()
        texts = ([b"often", *(b"rare%d" % (100 * batch + i) for i in range(100))] for batch in range(batches))
        counts = _count(CountTokens.Counts(most=2000), texts)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counts[b"often"] == batches
        assert len(counts) <= 2000
    assert peaks[1] < 1.2 * peaks[0]
