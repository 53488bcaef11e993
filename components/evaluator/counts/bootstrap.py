"""The Poisson bootstrap: how often each replicate draws each sentence.

Sentences are what is drawn, because the entities of one sentence stand or fall together. The number of draws depends on
the sentence's key and the replicate alone, so it is the same in every slice, for both models (which makes differences
paired), on every worker and in every run.

No library served. TFMA's own bootstrap runs each of its 20 replicates as a pass over all examples in Python, drops the
interval of every metric that is missing in one replicate (a rare type is), and knows no paired differences. NumPy's
generators draw sequences and cannot be asked for the number of row r and column c.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

import numpy as np

_MOST_DRAWS = 12  # one sentence in 10^10 is drawn more often
# P(draws <= k) for k = 0, 1, … of a Poisson distribution with the mean 1
_CUMULATIVE = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(_MOST_DRAWS)])
_STEP = np.uint64(0x9E3779B97F4A7C15)


def draws(keys: Iterable[str], replicates: int) -> np.ndarray:
    """How often each replicate draws each sentence.

    Args:
        keys: keys of the sentences; equal keys are drawn together.
        replicates: number of replicates, 0 for none.

    Returns:
        float32 [sentences, replicates], whole numbers, Poisson-distributed with the mean 1.
    """
    hashes = np.array([_hash(key) for key in keys], np.uint64)  # [sentences]
    steps = np.arange(1, replicates + 1, dtype=np.uint64) * _STEP  # [replicates]
    uniform = (_mixed(hashes[:, None] + steps) >> np.uint64(11)) * 2.0**-53  # [sentences, replicates], 0 to 1
    return np.searchsorted(_CUMULATIVE, uniform, side="right").astype(np.float32)


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "little")


def _mixed(state: np.ndarray) -> np.ndarray:
    """The output function of SplitMix64 (Steele, Lea, Flood 2014), a generator that can be entered anywhere."""
    mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
