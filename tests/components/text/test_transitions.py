"""IOB2 transitions, and the best valid path compared with an exhaustive search."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.text.transitions import constrained_path, constrained_viterbi, marginals, transitions

TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def test_only_inside_tags_depend_on_the_tag_before():
    start, step = transitions(TAGS)
    assert [TAGS[i] for i in np.flatnonzero(start)] == ["I-PER", "I-LOC"]
    valid = {(TAGS[i], TAGS[j]) for i, j in zip(*np.nonzero(step == 0), strict=True)}
    assert {pair for pair in valid if pair[1] == "I-PER"} == {("B-PER", "I-PER"), ("I-PER", "I-PER")}
    assert all((tag, "B-LOC") in valid for tag in TAGS)


def test_constrained_path_is_the_best_of_all_valid_ones():
    start, step = transitions(TAGS)

    def cost(path):
        return start[path[0]] + sum(step[pair] for pair in itertools.pairwise(path))

    valid = [path for path in itertools.product(range(len(TAGS)), repeat=4) if cost(path) == 0]
    for seed in range(5):
        logits = np.random.default_rng(seed).normal(size=(4, len(TAGS)))
        best = max(valid, key=lambda path: sum(logits[i, tag] for i, tag in enumerate(path)))
        assert constrained_path(logits, start, step) == list(best)


def test_path_without_tokens_is_empty():
    assert constrained_path(np.zeros((0, len(TAGS))), *transitions(TAGS)) == []


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2**32))
def test_padding_does_not_change_the_path_of_a_row(lengths, seed):
    rules = transitions(TAGS)
    shape = (len(lengths), max(lengths), len(TAGS))
    logits = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    real = np.arange(max(lengths)) < np.array(lengths)[:, None]
    paths = constrained_viterbi(logits, real, *rules)
    for row, length in enumerate(lengths):
        assert paths[row, :length].tolist() == constrained_path(logits[row, :length], *rules)


def test_marginals_are_sums_over_all_valid_sequences():
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
