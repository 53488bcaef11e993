"""Batches of tagged sentences from plain lists."""

from __future__ import annotations

import numpy as np
import pytest


def batch_of(gold, predicted, scores=None, texts=None, keys=None, vocabulary=None):
    """A `TaggedBatch`; `gold` and `predicted` are lists of lists of tags, `scores` a list of lists of numbers."""
    from components.evaluator.counts.tag_vocabulary import TagVocabulary
    from components.evaluator.counts.tagged_batch import TaggedBatch

    vocabulary = vocabulary or TagVocabulary()
    ids = [vocabulary.encode([tag for tags in side for tag in tags]) for side in (gold, predicted)]
    return TaggedBatch(
        vocabulary,
        keys or [f"key-{number}" for number in range(len(gold))],
        texts or [" ".join(f"t{number}" for number in range(len(tags))) for tags in gold],
        np.array([len(tags) for tags in gold], np.int64),
        *ids,
        None if scores is None else np.array([score for row in scores for score in row], np.float64),
    )


@pytest.fixture(scope="session")
def make_batch():
    return batch_of
