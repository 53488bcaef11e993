"""Batches with random ids."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gpu.synthetic import TAGS, WIDTHS, sample_lengths, synthetic_batches
from components.text.tags import to_iob2

pytestmark = pytest.mark.extended


def test_lengths_are_like_those_of_the_corpus():
    lengths = sample_lengths(20_000, np.random.default_rng(0))
    assert lengths.mean() == pytest.approx(16.3, rel=0.05)
    assert (lengths.min(), np.median(lengths)) == (1, 14)
    assert lengths.max() <= WIDTHS[-1]


def test_batches_hold_whole_sentences_padded_with_zeros_at_the_end():
    for batch in synthetic_batches(10, 8):
        real = batch.tags != 0
        assert batch.tags.shape[1] in WIDTHS
        assert batch.tokens == real.sum()
        assert (np.diff(real.astype(int), axis=1) <= 0).all()
        for values in batch.features.values():
            assert values.shape[:2] == batch.tags.shape
            assert values.dtype == np.int32
            assert ((values != 0).reshape(*real.shape, -1).all(-1) == real).all()


def test_sentences_of_similar_length_stand_together():
    padding = [1 - batch.tokens / batch.tags.size for batch in synthetic_batches(50, 32)]
    assert np.mean(padding) < 0.3


def test_gold_sequences_are_legal():
    for batch in synthetic_batches(5, 16):
        for row in batch.tags:
            tags = [TAGS[tag] for tag in row if tag]
            assert to_iob2(tags) == tags


def test_same_seed_gives_the_same_batches():
    one, two = ([batch.features["word_ids"] for batch in synthetic_batches(3, 4, seed=1)] for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
