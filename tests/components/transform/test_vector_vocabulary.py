"""Vocabularies of vector files."""

from __future__ import annotations

import pytest

from components.transform.text_file import TextFileError
from components.transform.vector_vocabulary import VectorVocabulary


@pytest.fixture
def vectors(tmp_path):
    """Returns a function that writes a file of words."""

    def write(*words):
        path = tmp_path / "vectors.txt"
        path.write_text("".join(f"{word} 1 2\n" for word in words), encoding="utf-8")
        return str(path)

    return write


def test_the_first_words_of_the_file_get_the_first_ids(vectors):
    vocabulary = VectorVocabulary.select(vectors("the", "of", "Paris", "zebra"), 3, "words")
    assert list(vocabulary.words) == ["the", "of", "Paris"]
    assert vocabulary.ids == {"the": 2, "of": 3, "Paris": 4, "paris": 4}


def test_folded_spellings_share_the_id_of_their_most_frequent_word(vectors):
    vocabulary = VectorVocabulary.select(vectors("US", "1997", "Us", "apple", "Apple", "2024"), 10, "words")
    ids = vocabulary.ids
    assert ids["us"] == ids["US"] != ids["Us"]
    assert ids["0000"] == ids["1997"] != ids["2024"]
    assert ids["apple"] != ids["Apple"]


def test_words_that_cannot_be_tokens_are_skipped(vectors):
    for tokenizer, kept in [
        ("words", ["e-mail", "U.S.", "a", "."]),
        ("whitespace", ["e-mail", "U.S.", "a", ".", "(b)"]),
    ]:
        vocabulary = VectorVocabulary.select(vectors("e-mail", "U.S.", "a", "New\u00a0York", ".", "(b)"), 10, tokenizer)
        assert list(vocabulary.words) == kept


def test_duplicate_words_count_once(vectors):
    assert list(VectorVocabulary.select(vectors("a", "a", "b", "c"), 2, "words").words) == ["a", "b"]


def test_the_rest_of_the_file_is_not_read(vectors):
    path = vectors("a", "b", "broken 3")
    assert len(VectorVocabulary.select(path, 2, "words").words) == 2
    with pytest.raises(TextFileError):
        VectorVocabulary.select(path, 3, "words")


def test_zero_words(vectors):
    vocabulary = VectorVocabulary.select(vectors("a"), 0, "words")
    assert not vocabulary.ids
    assert not vocabulary.words


def test_a_file_without_tokens_is_rejected(vectors):
    with pytest.raises(TextFileError, match="no word of the file is a token"):
        VectorVocabulary.select(vectors("a(b", "c;d"), 5, "words")


def test_lines_round_trip(vectors, tmp_path):
    vocabulary = VectorVocabulary.select(vectors("Élan", "\x85\u200b", "中国", "2º"), 10, "whitespace")
    path = tmp_path / "vocabulary"
    path.write_text("".join(f"{line}\n" for line in vocabulary.lines()), encoding="utf-8", newline="\n")
    assert VectorVocabulary.load(str(path)) == vocabulary
