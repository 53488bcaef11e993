"""Padded batches."""

from __future__ import annotations

import numpy as np
import pytest

from components.trainer.window_pool import WindowPool


@pytest.fixture
def pool():
    ids = np.arange(1, 7)
    return WindowPool(
        np.array([3, 1, 2]), {"word_ids": ids, "subword_ids": np.stack([ids * 10, ids * 100], 1), "tag_ids": ids}
    )


def test_rows_are_padded_with_zero_to_the_longest(pool):
    batch = pool.batch(np.array([2, 0]))
    assert batch.tags.tolist() == [[5, 6, 0], [1, 2, 3]]
    assert batch.features["word_ids"].tolist() == batch.tags.tolist()
    assert batch.features["subword_ids"][0].tolist() == [[50, 500], [60, 600], [0, 0]]
    assert "tag_ids" not in batch.features


def test_a_shape_can_be_asked_for(pool):
    batch = pool.batch(np.array([1]), width=2, rows=3)
    assert batch.tags.tolist() == [[4, 0], [0, 0], [0, 0]]
    assert batch.features["subword_ids"].shape == (3, 2, 2)
    assert batch.features["subword_ids"].sum() == 440


def test_the_pool_is_not_changed(pool):
    pool.batch(np.array([1]), width=3)
    assert pool.batch(np.array([0])).tags.tolist() == [[1, 2, 3]]
