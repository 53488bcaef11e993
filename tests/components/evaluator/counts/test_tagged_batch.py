"""Batches of tagged sentences."""

from __future__ import annotations

import numpy as np
import pytest
from support.evaluation import make_batch

from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch

pytestmark = pytest.mark.extended


def test_offsets_and_rows():
    batch = make_batch([["O"], [], ["O", "B-X"]], [["O"], [], ["O", "O"]])
    assert len(batch) == 3
    assert batch.offsets.tolist() == [0, 1, 1]
    assert batch.rows.tolist() == [0, 2, 2]


def test_tags_of_each_sentence_are_lists_of_texts():
    batch = make_batch([["O"], [], ["O", "B-X"]], [["B-X"], [], ["O", "O"]])
    assert list(batch.tags()) == [(["O"], ["B-X"]), ([], []), (["O", "B-X"], ["O", "O"])]


def test_predicted_outside_tags_have_the_label_of_the_gold_tags_which_custom_metrics_compare():
    batch = make_batch([["OUT", "B-X", "OUT"], ["O"]], [["O", "O", "B-X"], ["OUT"]])
    assert list(batch.tags()) == [(["OUT", "B-X", "OUT"], ["OUT", "O", "B-X"]), (["O"], ["O"])]


@pytest.mark.parametrize(
    ("keys", "lengths", "tags", "scores"),
    [(["a", "b"], [2], 2, 2), (["a"], [2], 3, 2), (["a"], [2], 2, 1), (["a"], [3], 2, 2)],
)
def test_arrays_of_different_sizes_are_refused(keys, lengths, tags, scores):
    vocabulary = TagVocabulary()
    with pytest.raises(ValueError, match="keys"):
        TaggedBatch(
            vocabulary,
            keys,
            ["x y"],
            np.array(lengths),
            vocabulary.encode(["O"] * 2),
            vocabulary.encode(["O"] * tags),
            np.zeros(scores),
        )
