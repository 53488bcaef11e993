"""Poisson bootstrap over sentences.

Sentences are resampled, not entities, because the entities of a sentence depend on each other. The number of draws
depends only on the key of the sentence and the replicate, so it is the same in every slice, for both models (which
pairs differences), on every worker and in every run.

Not by a library: TFMA's bootstrap runs each of its 20 replicates as a pass over all examples, drops the interval of a
metric that one replicate lacks (a rare type), and has no paired differences; NumPy's generators cannot return the
number at row r and column c.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from components.evaluator.counts.text_hashes import text_hashes

_MOST_DRAWS = 12  # more draws have a probability of 10^-10
# P(draws <= k) for k = 0, 1, … of a Poisson distribution with mean 1
_CUMULATIVE = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(_MOST_DRAWS)])
_STEP = np.uint64(0x9E3779B97F4A7C15)


def draws(keys: Iterable[str], replicates: int) -> np.ndarray:
    """Returns the number of draws of each sentence in each replicate.

    Args:
        keys: keys of the sentences; equal keys are drawn together.
        replicates: number of replicates, or 0.

    Returns:
        float32 [sentences, replicates]: integers, Poisson-distributed with mean 1.

    Example:
        >>> draws(["a", "b", "a"], 4).shape
        (3, 4)
    """
    hashes = text_hashes(keys)  # [sentences]
    steps = np.arange(1, replicates + 1, dtype=np.uint64) * _STEP  # [replicates]
    uniform = (_mixed(hashes[:, None] + steps) >> np.uint64(11)) * 2.0**-53  # [sentences, replicates], in [0, 1)
    return np.searchsorted(_CUMULATIVE, uniform, side="right").astype(np.float32)


def _mixed(state: np.ndarray) -> np.ndarray:
    """Returns the output of SplitMix64 (Steele, Lea, Flood 2014), a generator with random access."""
    mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
