"""The account of a join."""

from __future__ import annotations

from components.evaluator.delayed_labels.join_account import JoinAccount, Named


def test_some_keys_are_named():
    named = Named()
    assert str(named) == "0"
    for key in "abcdefg":
        named.add(key)
    assert (named.count, str(named)) == (7, "7 (a, b, c, d, e, …)")
    assert str(Named(2, ["a", "b"])) == "2 (a, b)"


def test_reasons_are_kept_of_the_first():
    account = JoinAccount()
    for number in range(9):
        account.misalign(f"k{number}", "why")
    assert account.misaligned.count == 9
    assert account.reasons == [f"k{number}: why" for number in range(5)]
