"""Scores compared with seqeval, and merging of counts."""

from __future__ import annotations

import json
import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lazy import LazyModule

from components.text.entity_scores import EntityCounts, Scores

TAGS = ["O", "OUT", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-creative-work", "I-creative-work"]
PAIRS = st.lists(st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), max_size=15), min_size=1, max_size=8)

sequence_labeling = LazyModule("seqeval.metrics.sequence_labeling")


def count(corpus):
    counts = EntityCounts()
    for sentence in corpus:
        counts.add([gold for gold, _ in sentence], [predicted for _, predicted in sentence])
    return counts


def seqeval(corpus, average):
    gold = [[gold for gold, _ in sentence] for sentence in corpus]
    predicted = [[predicted for _, predicted in sentence] for sentence in corpus]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sequence_labeling.precision_recall_fscore_support(gold, predicted, average=average)


def assert_equals_seqeval(corpus):
    counts = count(corpus)
    each = counts.per_type()
    assert counts.micro() == pytest.approx(seqeval(corpus, "micro"), abs=1e-9)
    for index, values in enumerate(seqeval(corpus, None)):
        assert [scores[index] for scores in each.values()] == pytest.approx(list(values), abs=1e-9)
    if each:
        assert counts.macro() == pytest.approx(seqeval(corpus, "macro"), abs=1e-9)


@settings(max_examples=500, deadline=None)
@given(PAIRS)
def test_scores_equal_seqeval(corpus):
    assert_equals_seqeval(corpus)


@pytest.mark.extended
def test_scores_equal_seqeval_on_a_large_noisy_corpus():
    for seed in range(3):
        rng = random.Random(seed)
        corpus = []
        for _ in range(1000):
            gold = rng.choices(TAGS, k=rng.randint(0, 40))
            corpus.append([(tag, tag if rng.random() < 0.9 else rng.choice(TAGS)) for tag in gold])
        assert count(corpus).micro().f1 > 0.5  # the noise must leave something to count
        assert_equals_seqeval(corpus)


def test_scores_without_counts_are_zero():
    nothing = Scores(0.0, 0.0, 0.0, 0)
    assert EntityCounts().micro() == EntityCounts().macro() == nothing
    assert EntityCounts().per_type() == {}


def test_types_that_occur_only_in_the_prediction_count_against_precision_and_macro():
    counts = EntityCounts()
    counts.add(["B-PER", "O"], ["B-PER", "B-LOC"])
    assert counts.per_type() == {"LOC": Scores(0.0, 0.0, 0.0, 0), "PER": Scores(1.0, 1.0, 1.0, 1)}
    assert counts.micro() == Scores(0.5, 1.0, pytest.approx(2 / 3), 1)
    assert counts.macro().f1 == 0.5


@settings(max_examples=100, deadline=None)
@given(PAIRS, PAIRS)
def test_merging_counts_equals_counting_together(one, other):
    merged = count(one)
    merged.merge(count(other))
    assert merged == count(one + other)


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_to_dict_round_trips_through_json(corpus):
    counts = count(corpus)
    assert EntityCounts.from_dict(json.loads(json.dumps(counts.to_dict()))) == counts


def test_add_rejects_tags_of_different_lengths():
    counts = EntityCounts()
    with pytest.raises(ValueError, match="2 gold tags and 1 predicted"):
        counts.add(["B-X", "O"], ["B-X"])
    assert counts == EntityCounts()
