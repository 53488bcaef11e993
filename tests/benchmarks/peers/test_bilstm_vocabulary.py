"""Ids and BIOES tags of the BiLSTM-CRF."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.bilstm_vocabulary import UNK, Vocabulary, case_id, may_follow, to_bioes
from components.text.tags import to_iob2

pytestmark = pytest.mark.extended


@pytest.fixture
def vocabulary():
    return Vocabulary.build([["Ada", "saw", "Ada"], ["ada", "1999"]], [["B-X", "O", "O"], ["O", "O"]])


def test_case_and_digits_are_folded_and_unknown_words_have_an_id(vocabulary):
    ada, year, new = vocabulary.word_ids(["ADA", "2024", "Turing"])
    assert ada >= 2
    assert year >= 2
    assert new == UNK


def test_words_of_frequency_one_are_singletons(vocabulary):
    assert vocabulary.singletons == set(vocabulary.word_ids(["saw", "1999"]))


def test_characters_beyond_the_limit_are_dropped(vocabulary):
    assert vocabulary.char_ids("Ad?")[2] == UNK
    assert len(vocabulary.char_ids("a" * 99)) == 30


def test_tags_are_bioes(vocabulary):
    assert vocabulary.tags == ("O", "S-X")
    assert vocabulary.tag_ids(["O", "B-X"]) == [0, 1]


def test_a_saved_vocabulary_gives_the_same_ids(vocabulary):
    again = Vocabulary.from_dict(vocabulary.to_dict())
    assert again.word_ids(["ada", "saw"]) == vocabulary.word_ids(["ada", "saw"])
    assert again.char_ids("Ada") == vocabulary.char_ids("Ada")


def test_same_corpus_in_another_order_gives_the_same_ids(vocabulary):
    other = Vocabulary.build([["ada", "1999"], ["Ada", "saw", "Ada"]], [["O", "O"], ["B-X", "O", "O"]])
    assert other == vocabulary


def test_case_classes():
    assert [case_id(token) for token in ("12", "abc", "ABC", "Abc", "aBc", "B2B", "...")] == [1, 2, 3, 4, 5, 6, 7]


TAGS = st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"]), max_size=12).map(to_iob2)


def test_single_and_last_tokens_are_marked():
    assert to_bioes(["B-X", "B-X", "I-X", "I-X", "O", "B-Y", "I-Y"]) == [
        "S-X", "B-X", "I-X", "E-X", "O", "B-Y", "E-Y",
    ]  # fmt: skip


@given(TAGS)
def test_conversion_back_gives_the_same_tags(tags):
    assert to_iob2(to_bioes(tags)) == tags


@given(TAGS)
def test_converted_tags_are_valid(tags):
    path = [None, *to_bioes(tags), None]
    assert all(may_follow(a, b) for a, b in itertools.pairwise(path) if len(path) > 2)


def test_entities_are_closed_before_anything_else_follows():
    valid = [(None, "B-X"), ("B-X", "E-X"), ("E-X", "S-X"), ("O", None)]
    invalid = [
        (None, "I-X"), (None, "E-X"), ("B-X", "E-Y"), ("B-X", "O"), ("B-X", None), ("S-X", "I-X"),
    ]  # fmt: skip
    assert all(may_follow(*pair) for pair in valid)
    assert not any(may_follow(*pair) for pair in invalid)
