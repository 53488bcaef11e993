"""Draws of the bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from components.evaluator.counts.bootstrap import draws

pytestmark = pytest.mark.extended


def test_draws_are_poisson_distributed_with_mean_1():
    drawn = draws((f"key-{number}" for number in range(2000)), 200)
    assert drawn.shape == (2000, 200)
    for count in range(6):
        expected = math.exp(-1) / math.factorial(count)
        assert (drawn == count).mean() == pytest.approx(expected, abs=4 * math.sqrt(expected / drawn.size))
    assert drawn.max() <= 12


def test_sentences_and_replicates_are_drawn_independently():
    drawn = draws((f"key-{number}" for number in range(1000)), 300)
    between_replicates = np.corrcoef(drawn.T)[np.triu_indices(300, 1)]
    between_sentences = np.corrcoef(drawn[:300])[np.triu_indices(300, 1)]
    assert abs(between_replicates.mean()) < 0.001
    assert np.abs(between_replicates).max() < 0.2
    assert abs(between_sentences.mean()) < 0.001


def test_draws_depend_only_on_key_and_replicate():
    keys = ["a", "é", "b", "a"]
    drawn = draws(keys, 50)
    assert (drawn[0] == drawn[3]).all()
    assert (draws(["b"], 50) == drawn[2]).all()
    assert (draws(keys, 20) == drawn[:, :20]).all()
    assert not (drawn[0] == drawn[1]).all()


def test_no_sentences_and_no_replicates():
    for keys, replicates in (([], 5), (["a"], 0), ([], 0)):
        assert draws(keys, replicates).shape == (len(keys), replicates)
