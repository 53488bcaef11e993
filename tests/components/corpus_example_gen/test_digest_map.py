"""Counts and numbers by digest."""

from __future__ import annotations

import random
from collections import Counter

from components.corpus_example_gen import digest_map
from components.corpus_example_gen.digest_map import DigestMap

DIGESTS = (0, 1, 2**63 - 1, 2**63, 2**64 - 1, *range(100, 140))


def test_counts_and_numbers_are_those_of_a_dict(monkeypatch):
    monkeypatch.setattr(digest_map, "_MOST_RECENT", 7)
    counts, numbers = DigestMap(), DigestMap()
    counted, numbered = Counter(), {}
    rng = random.Random(0)
    for line in range(1000):
        digest = rng.choice(DIGESTS)
        assert counts.count(digest) == counted[digest]
        assert numbers.setdefault(digest, line) == numbered.setdefault(digest, line)
        counted[digest] += 1
