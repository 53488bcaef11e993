"""Account of a join."""

from __future__ import annotations

import pytest

from components.evaluator.delayed_labels.join_account import JoinAccount, KeyCount

pytestmark = pytest.mark.extended


def test_first_keys_are_examples():
    count = KeyCount()
    assert str(count) == "0"
    for key in "abcdefg":
        count.add(key)
    assert (count.count, str(count)) == (7, "7 (a, b, c, d, e, …)")
    assert str(KeyCount(2, ["a", "b"])) == "2 (a, b)"


def test_spans_that_end_inside_tokens_have_a_note():
    assert JoinAccount(spans=100, cut_spans=5).note == JoinAccount().note == ""
    assert (
        "6 of 100 spans of labels begin or end inside a token of the model" in JoinAccount(spans=100, cut_spans=6).note
    )


def test_first_reasons_are_kept():
    account = JoinAccount()
    for number in range(9):
        account.misalign(f"k{number}", "why")
    assert account.misaligned.count == 9
    assert account.reasons == [f"k{number}: why" for number in range(5)]
