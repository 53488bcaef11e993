"""Entity counts of logits, compared with the scores of decoded tags."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.text.entity_scores import EntityCounts
from components.text.transitions import constrained_path, outside_tags, transitions
from components.trainer.scoring.entity_counter import OUTSIDE_BIASES, EntityCounter, usual_bias

TAGS = ["[PAD]", "O", "B-A", "I-A", "OUT", "B-B", "I-B"]


def random_batch(seed, rows=5, tokens=8):
    """Logits, and gold ids with padding at the end and some unseen tags."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, tokens, len(TAGS))).astype(np.float32)
    logits[..., 0] = -1e9
    gold = random.choice([-1, *range(1, len(TAGS))], size=(rows, tokens))
    lengths = random.integers(0, tokens + 1, rows)
    return logits, np.where(np.arange(tokens) < lengths[:, None], gold, 0)


def one_by_one(logits, gold, bias):
    """The scores of each sentence decoded on its own."""
    counts, rules = EntityCounts(), transitions(TAGS)
    names = np.array([*TAGS, "B-[UNSEEN]"], dtype=object)
    for row, ids in zip(logits + np.float32(bias) * outside_tags(TAGS), gold, strict=True):
        real = ids != 0
        counts.add(names[ids[real]].tolist(), names[constrained_path(row[real], *rules)].tolist())
    return counts.micro()


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_scores_are_those_of_each_sentence_alone(seed):
    logits, gold = random_batch(seed)
    counter = EntityCounter(TAGS, -2.0)
    counter.add(logits, gold)
    for bias, (correct, predicted, labelled) in zip(OUTSIDE_BIASES, counter.counts.tolist(), strict=True):
        scores = one_by_one(logits, gold, bias)
        assert labelled == scores.support
        assert (correct / predicted if predicted else 0.0) == scores.precision
        assert (correct / labelled if labelled else 0.0) == scores.recall


def test_batches_add_up():
    first, second = random_batch(1), random_batch(2)
    together, apart = EntityCounter(TAGS, -2.0), EntityCounter(TAGS, -2.0)
    together.add(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
    apart.add(*first)
    apart.add(*second)
    np.testing.assert_array_equal(together.counts, apart.counts)


def test_best_is_the_bias_of_the_highest_f1_nearest_to_the_usual_one():
    logits = np.full((1, 3, len(TAGS)), -9.0, np.float32)
    logits[0, :, 1] = 2.7  # outside everywhere, the first token by 1.7 only
    logits[0, 0, 2] = 1.0
    counter = EntityCounter(TAGS, -2.0)
    counter.add(logits, np.array([[2, 1, 1]]))
    bias, scores = counter.best()
    assert (bias, scores.f1, scores.support) == (-2.0, 1.0, 1)


@pytest.mark.parametrize(("labelled", "best"), [(10, -2.0), (1000, -0.5)])
def test_few_entities_do_not_choose_an_unusual_bias(labelled, best):
    counter = EntityCounter(TAGS, -2.0)
    counter.counts[:] = [labelled // 2, labelled, labelled]
    counter.counts[OUTSIDE_BIASES.index(-0.5), 0] = labelled * 6 // 10
    assert counter.best()[0] == best


def test_few_training_entities_make_a_stronger_bias_usual():
    biases = [usual_bias(entities) for entities in (0, 50, 300, 2000, 10**6)]
    assert biases == sorted(biases)
    assert (biases[0], biases[-1]) == (-4.0, -0.5)
    assert EntityCounter(TAGS, biases[0]).best()[0] == -4.0


def test_padding_counts_nothing():
    counter = EntityCounter(TAGS, -2.0)
    counter.add(np.zeros((2, 0, len(TAGS)), np.float32), np.zeros((2, 0), int))
    counter.add(np.zeros((2, 3, len(TAGS)), np.float32), np.zeros((2, 3), int))
    assert counter.counts.sum() == 0
    assert counter.best()[1].f1 == 0.0


def test_a_corpus_without_outside_tokens_can_be_scored():
    counter = EntityCounter(["[PAD]", "B-A", "I-A"], -2.0)
    counter.add(np.array([[[-1e9, 1.0, 0.0], [-1e9, 0.0, 1.0]]], np.float32), np.array([[1, 2]]))
    assert counter.best()[1].f1 == 1.0
