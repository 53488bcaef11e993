"""Served tokens back to gold tokens."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluator.align import first_pieces
from components.evaluator.errors import EvaluationError


def pieces(starts, ends, n_gold):
    def name(row):
        return f"row {row}"

    return first_pieces(np.array(starts, np.int32), np.array(ends, np.int32), np.array(n_gold), name).tolist()


def test_first_piece_decides_for_its_gold_token():
    # "New Delhi." -> New | Delhi | .
    assert pieces([[0, 4, 9]], [[3, 9, 10]], [2]) == [[True, True, False]]


def test_padding_is_left_out():
    assert pieces([[0, 0, 0], [0, 2, 0]], [[2, 0, 0], [1, 3, 0]], [1, 2]) == [[True, False, False], [True, True, False]]
    assert pieces([[0]], [[0]], [0]) == [[False]]
    assert pieces([[], []], [[], []], [0, 0]) == [[], []]


def test_no_rows():
    assert first_pieces(np.zeros((0, 3), int), np.zeros((0, 3), int), np.zeros(0, int), str).shape == (0, 3)


@pytest.mark.parametrize(
    ("starts", "ends", "n_gold", "text"),
    [
        ([[0], [0]], [[1], [1]], [1, 2], "^row 1: .*make up 1 corpus tokens, and there are 2 gold tags"),
        ([[0, 2]], [[1, 3]], [1], "^row 0: .*make up 2 corpus tokens, and there are 1 gold tags"),
        ([[0, 2]], [[1]], [1], r"starts of the shape \(1, 2\) and ends of the shape \(1, 1\)"),
        ([[0, 0, 2]], [[1, 0, 3]], [1], "^row 0: .*padding before the token at characters 2 to 3"),
    ],
)
def test_misaligned_rows_are_refused(starts, ends, n_gold, text):
    with pytest.raises(EvaluationError, match=text):
        pieces(starts, ends, n_gold)


TOKENS = st.lists(st.text(st.sampled_from(string.ascii_letters + string.punctuation + "é漢"), min_size=1, max_size=6))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(TOKENS, st.booleans()), min_size=1, max_size=4), st.integers(0, 3))
def test_any_cutting_of_joined_tokens_comes_back(sentences, padding):
    """Cuts each gold token into single characters (or not at all)."""
    rows, expected = [], []
    for tokens, finest in sentences:
        row, at = [], 0
        first = []
        for token in tokens:
            for piece, text in enumerate(token if finest else [token]):
                row.append((at, at + len(text)))
                first.append(piece == 0)
                at += len(text)
            at += 1  # the one space
        rows.append(row)
        expected.append(first)
    width = max(map(len, rows)) + padding
    starts, ends = ([[cell[side] for cell in row] + [0] * (width - len(row)) for row in rows] for side in range(2))
    found = pieces(starts, ends, [len(tokens) for tokens, _ in sentences])
    assert found == [first + [False] * (width - len(first)) for first in expected]
