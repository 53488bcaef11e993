from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.bioes import may_follow, to_bioes
from components.text.tags import to_iob2

TAGS = st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"]), max_size=12).map(to_iob2)


def test_single_and_last_tokens_are_marked():
    assert to_bioes(["B-X", "B-X", "I-X", "I-X", "O", "B-Y", "I-Y"]) == [
        "S-X", "B-X", "I-X", "E-X", "O", "B-Y", "E-Y",
    ]  # fmt: skip


@given(TAGS)
def test_way_back_gives_the_same_tags(tags):
    assert to_iob2(to_bioes(tags)) == tags


@given(TAGS)
def test_result_is_legal(tags):
    path = [None, *to_bioes(tags), None]
    assert all(may_follow(a, b) for a, b in itertools.pairwise(path) if len(path) > 2)


@pytest.mark.parametrize(
    ("before", "after", "legal"),
    [
        (None, "B-X", True), (None, "I-X", False), (None, "E-X", False), ("B-X", "E-X", True), ("B-X", "E-Y", False),
        ("B-X", "O", False), ("B-X", None, False), ("S-X", "I-X", False), ("E-X", "S-X", True), ("O", None, True),
    ],
)  # fmt: skip
def test_what_may_follow(before, after, legal):
    assert may_follow(before, after) is legal
