"""Probabilities of tags in the graph, compared with the exact forward-backward algorithm."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.text.transitions import transitions

tf = LazyModule("tensorflow")
module = LazyModule("components.text.tag_probabilities")
TAGS = ("[PAD]", "O", "B-X", "I-X", "B-Y", "I-Y")


def random_logits(lengths, tags=TAGS, spread=2.0, seed=0):
    rows = [np.random.default_rng([seed, n]).normal(0, spread, (n, len(tags))) for n in lengths]
    for row in rows:
        row[:, 0] = -1e9
    return [row.astype(np.float32) for row in rows]


def probabilities(rows, tags=TAGS):
    begins = np.concatenate([[True] + [False] * (len(row) - 1) for row in rows])
    flat = module.tag_probabilities(tf.constant(np.concatenate(rows)), tf.constant(begins), tags).numpy()
    return np.split(flat, np.cumsum([len(row) for row in rows])[:-1])


def exact(row, tags=TAGS):
    from components.text.transitions import marginals

    return marginals(row[None].astype(np.float64), np.ones((1, len(row)), bool), *transitions(tags))[0]


def test_they_are_those_of_all_valid_sequences():
    rows = random_logits([1, 2, 3, 4] * 5)
    for row, own in zip(rows, probabilities(rows), strict=True):
        np.testing.assert_allclose(own, exact(row), atol=1e-5)


def test_all_outside_tags_count():
    tags = (*TAGS, "OUT")
    rows = random_logits([1, 2, 3, 4], tags)
    for row, own in zip(rows, probabilities(rows, tags), strict=True):
        np.testing.assert_allclose(own, exact(row, tags), atol=1e-5)


def test_tokens_farther_away_hardly_matter():
    rows = random_logits(range(5, 40), spread=1.5)  # entities are longer than in any corpus
    errors = [np.abs(own - exact(row)) for row, own in zip(rows, probabilities(rows), strict=True)]
    assert np.quantile(np.concatenate(errors).max(-1), 0.99) < 0.04
    assert np.concatenate(errors).mean() < 1e-3


def test_a_tag_that_may_not_follow_has_no_share():
    # The best tag of the second token is I-Y, which cannot follow O.
    row = np.array([[-1e9, 9, 0, 0, 0, 0], [-1e9, 0, 2, 0, 0, 6]], np.float32)
    [own] = probabilities([row])
    assert own[1, TAGS.index("B-X")] > 0.7 > 0.02 > np.exp(2 - np.logaddexp.reduce(row[1]))
    assert own[1, TAGS.index("I-Y")] < 0.1


def test_a_sentence_has_the_same_probabilities_alone_and_in_a_batch():
    rows = random_logits([7, 1, 30, 4, 2, 11])
    for row, own in zip(rows, probabilities(rows), strict=True):
        np.testing.assert_allclose(probabilities([row])[0], own, rtol=1e-6)  # vector instructions round otherwise


@pytest.mark.parametrize("lead", [30.0, 1e4])
def test_extreme_logits_give_finite_probabilities(lead):
    inside = np.zeros((9, len(TAGS)), np.float32)
    inside[:, 0], inside[:, TAGS.index("I-X")] = -1e9, lead
    [own] = probabilities([inside])
    assert np.isfinite(own).all()
    np.testing.assert_allclose(own.sum(-1), 1, rtol=1e-5)
    assert own[0, TAGS.index("B-X")] > 0.99
    assert (own[1:, TAGS.index("I-X")] > 0.99).all()


@pytest.mark.parametrize(
    "tags", [("[PAD]", "B-X", "I-X"), ("[PAD]", "O", "B-X"), ("[PAD]", "O", "I-Z", "B-X", "I-X")], ids=str
)
def test_vocabularies_may_lack_tags(tags):
    rows = random_logits([3, 4], tags)
    for row, own in zip(rows, probabilities(rows, tags), strict=True):
        np.testing.assert_allclose(own, exact(row, tags), atol=1e-5)


def test_a_batch_without_tokens_has_none():
    nothing = module.tag_probabilities(tf.zeros([0, len(TAGS)]), tf.zeros([0], tf.bool), TAGS)
    assert nothing.shape == (0, len(TAGS))
