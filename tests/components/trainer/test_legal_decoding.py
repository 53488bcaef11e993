"""Viterbi for many rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.text.transitions import legal_path, transitions
from components.trainer.legal_decoding import legal_paths

TAGS = ["[PAD]", "O", "B-A", "I-A", "B-B", "I-B"]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2**32))
def test_each_row_is_what_one_sentence_alone_gives(lengths, seed):
    rules = transitions(TAGS)
    logits = np.random.default_rng(seed).normal(size=(len(lengths), max(lengths), len(TAGS))).astype(np.float32)
    real = np.arange(max(lengths)) < np.array(lengths)[:, None]
    paths = legal_paths(logits, real, *rules)
    for row, length in enumerate(lengths):
        assert paths[row, :length].tolist() == legal_path(logits[row, :length], *rules)
