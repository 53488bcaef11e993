"""Legal transitions, and the best path along them against trying all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text.transitions import constrained_viterbi, legal_path, transitions

TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def test_transitions_allow_what_iob2_allows():
    start, step = transitions(TAGS)
    assert [TAGS[i] for i in np.flatnonzero(start)] == ["I-PER", "I-LOC"]
    legal = {(TAGS[i], TAGS[j]) for i, j in zip(*np.nonzero(step == 0), strict=True)}
    assert {pair for pair in legal if pair[1] == "I-PER"} == {("B-PER", "I-PER"), ("I-PER", "I-PER")}
    assert all((tag, "B-LOC") in legal for tag in TAGS)


@pytest.mark.parametrize("seed", range(20))
def test_legal_path_is_the_best_of_all_legal_ones(seed):
    logits = np.random.default_rng(seed).normal(size=(4, len(TAGS)))
    start, step = transitions(TAGS)

    def cost(path):
        return start[path[0]] + sum(step[pair] for pair in itertools.pairwise(path))

    legal = [path for path in itertools.product(range(len(TAGS)), repeat=4) if cost(path) == 0]
    best = max(legal, key=lambda path: sum(logits[i, tag] for i, tag in enumerate(path)))
    assert legal_path(logits, start, step) == list(best)


def test_no_token_gives_no_tag():
    assert legal_path(np.zeros((0, len(TAGS))), *transitions(TAGS)) == []


TAGS_LEGAL_DECODING = ["[PAD]", "O", "B-A", "I-A", "B-B", "I-B"]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2**32))
def test_each_row_is_what_one_sentence_alone_gives(lengths, seed):
    rules = transitions(TAGS_LEGAL_DECODING)
    logits = (
        np.random.default_rng(seed)
        .normal(size=(len(lengths), max(lengths), len(TAGS_LEGAL_DECODING)))
        .astype(np.float32)
    )
    real = np.arange(max(lengths)) < np.array(lengths)[:, None]
    paths = constrained_viterbi(logits, real, *rules)
    for row, length in enumerate(lengths):
        assert paths[row, :length].tolist() == legal_path(logits[row, :length], *rules)
