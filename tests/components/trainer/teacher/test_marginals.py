"""Distributions over tags among the valid sequences."""

from __future__ import annotations

import itertools

import numpy as np

from components.text.transitions import transitions
from components.trainer.teacher.marginals import marginals

TAGS = ["[PAD]", "O", "B-X", "I-X", "B-Y", "I-Y"]


def test_they_are_sums_over_all_valid_sequences():
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (3, 4, len(TAGS)))
    logits[..., 0] = -1e9
    lengths = [4, 1, 3]
    start, step = transitions(TAGS)
    computed = marginals(logits, np.arange(4) < np.array(lengths)[:, None], start, step)
    for row, length in enumerate(lengths):
        expected = np.zeros((4, len(TAGS)))
        for path in itertools.product(range(1, len(TAGS)), repeat=length):
            if start[path[0]] == 0 and all(step[pair] == 0 for pair in itertools.pairwise(path)):
                expected[range(length), path] += np.exp(sum(logits[row, at, tag] for at, tag in enumerate(path)))
        expected /= max(expected[0].sum(), 1e-30)
        np.testing.assert_allclose(computed[row], expected, atol=1e-6)
