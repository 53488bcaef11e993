"""Served tokens back to gold tokens."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluator.align import to_gold_tokens
from components.evaluator.errors import EvaluationError


def test_first_piece_decides_for_its_gold_token():
    # "New Delhi." -> New | Delhi | .
    assert to_gold_tokens(["B-LOC", "I-LOC", "O"], [0, 4, 9], [3, 9, 10], 2) == ["B-LOC", "I-LOC"]


def test_padding_is_left_out():
    assert to_gold_tokens(["B-X", "[PAD]", "[PAD]"], [0, 0, 0], [2, 0, 0], 1) == ["B-X"]
    assert to_gold_tokens(["[PAD]"], [0], [0], 0) == []
    assert to_gold_tokens([], [], [], 0) == []


def test_padding_tag_at_a_real_token_is_kept_as_the_wrong_prediction_it_is():
    assert to_gold_tokens(["[PAD]", "O"], [0, 2], [1, 3], 2) == ["[PAD]", "O"]


@pytest.mark.parametrize(
    ("tags", "starts", "ends", "n_gold", "text"),
    [
        (["O"], [0], [1], 2, "make up 1 corpus tokens, and there are 2 gold tags"),
        (["O", "O"], [0, 2], [1, 3], 1, "make up 2 corpus tokens, and there are 1 gold tags"),
        (["O", "O"], [0], [1], 1, "2 tags, 1 starts and 1 ends"),
        (["O", "[PAD]", "O"], [0, 0, 2], [1, 0, 3], 2, "padding before the token at characters 2 to 3"),
    ],
)
def test_misaligned_rows_are_refused(tags, starts, ends, n_gold, text):
    with pytest.raises(EvaluationError, match=text):
        to_gold_tokens(tags, starts, ends, n_gold)


TOKENS = st.lists(st.text(st.sampled_from(string.ascii_letters + string.punctuation + "é漢"), min_size=1, max_size=6))


@settings(max_examples=300, deadline=None)
@given(TOKENS, st.integers(0, 3), st.booleans())
def test_any_cutting_of_joined_tokens_comes_back(tokens, padding, finest):
    """Cuts each gold token into single characters (or not at all) and tags each piece by gold token and piece."""
    tags, starts, ends, at = [], [], [], 0
    for index, token in enumerate(tokens):
        for piece, text in enumerate(token if finest else [token]):
            tags.append(f"{index}.{piece}")
            starts.append(at)
            at += len(text)
            ends.append(at)
        at += 1  # the one space
    tags += ["[PAD]"] * padding
    starts += [0] * padding
    ends += [0] * padding
    assert to_gold_tokens(tags, starts, ends, len(tokens)) == [f"{index}.0" for index in range(len(tokens))]
