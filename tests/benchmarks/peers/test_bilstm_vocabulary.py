from __future__ import annotations

import pytest

from benchmarks.peers.bilstm_vocabulary import UNK, Vocabulary, case_id


@pytest.fixture
def vocabulary():
    return Vocabulary.build([["Ada", "saw", "Ada"], ["ada", "1999"]], [["B-X", "O", "O"], ["O", "O"]])


def test_case_and_digits_are_folded_and_unknown_words_have_an_id(vocabulary):
    ada, year, new = vocabulary.word_ids(["ADA", "2024", "Turing"])
    assert ada >= 2
    assert year >= 2
    assert new == UNK


def test_words_of_frequency_one_are_known_as_such(vocabulary):
    assert vocabulary.singletons == set(vocabulary.word_ids(["saw", "1999"]))


def test_characters_beyond_the_limit_are_left_out(vocabulary):
    assert vocabulary.char_ids("Ad?")[2] == UNK
    assert len(vocabulary.char_ids("a" * 99)) == 30


def test_tags_are_bioes(vocabulary):
    assert vocabulary.tags == ("O", "S-X")
    assert vocabulary.tag_ids(["O", "B-X"]) == [0, 1]


def test_ids_survive_the_way_to_disk_and_back(vocabulary):
    again = Vocabulary.from_dict(vocabulary.to_dict())
    assert again.word_ids(["ada", "saw"]) == vocabulary.word_ids(["ada", "saw"])
    assert again.char_ids("Ada") == vocabulary.char_ids("Ada")


def test_same_corpus_in_another_order_gives_the_same_ids(vocabulary):
    other = Vocabulary.build([["ada", "1999"], ["Ada", "saw", "Ada"]], [["O", "O"], ["B-X", "O", "O"]])
    assert other == vocabulary


@pytest.mark.parametrize(
    ("token", "number"), [("12", 1), ("abc", 2), ("ABC", 3), ("Abc", 4), ("aBc", 5), ("B2B", 6), ("...", 7)]
)
def test_case_classes(token, number):
    assert case_id(token) == number
