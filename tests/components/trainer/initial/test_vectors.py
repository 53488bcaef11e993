"""The vectors of a tagger's words."""

from __future__ import annotations

import numpy as np
import pytest

from components.trainer.initial.vectors import load_vectors
from components.transform.text_file import TextFileError
from components.transform.vector_vocabulary import VectorVocabulary

FILE = {"the": [1, 0], "Paris": [0, 2], "rare": [3, 3], "RARE": [9, 9], "Kyiv": [4, 4], "never": [5, 5]}
WORDS = ["[PAD]", "[UNK]", "the", "paris", "kyiv", "xyzzy", "rare"]


def test_words_are_folded_as_in_the_graph(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("Οδός 1 0\nİstanbul 0 1\n", encoding="utf-8")
    vectors = load_vectors(str(path), VectorVocabulary({}), ["[PAD]", "[UNK]", "οδόσ", "istanbul"])
    assert "vectors for 2 of the 2 words" in vectors.coverage


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {x} {y}\n" for word, (x, y) in FILE.items()))
    return str(path)


def vector(vectors, number):
    """The vector without the table's scale: "the" is [1, 0]."""
    scale = vectors.table[vectors.row_of[2], 0]
    return (vectors.table[vectors.row_of[number]] / scale).round(5).tolist()


def test_words_known_by_the_file_and_by_the_vocabulary_have_their_vectors(file):
    own = VectorVocabulary.select(file, 2, "words")  # the, Paris
    vectors = load_vectors(file, own, WORDS)
    assert len(vectors.row_of) == len(WORDS) + 2
    assert [vector(vectors, number) for number in range(4)] == [[0, 0], [0, 0], [1, 0], [0, 2]]
    behind = {word: vector(vectors, number + 2) for number, word in enumerate(WORDS) if number > 1}
    assert behind["kyiv"] == [4, 4]
    assert behind["xyzzy"] == [0, 0]
    assert behind["rare"] == [3, 3], "the first spelling of the file"


def test_only_vectors_with_an_id_are_kept(file):
    vectors = load_vectors(file, VectorVocabulary.select(file, 2, "words"), WORDS)
    assert len(vectors.table) == 2 + 2 + len({"kyiv", "rare"})
    assert vectors.table.dtype == np.float32


def test_without_words_of_its_own_all_ids_are_those_of_the_vocabulary(file):
    vectors = load_vectors(file, VectorVocabulary({}), WORDS)
    assert [vector(vectors, number) for number in range(len(WORDS))] == [
        [0, 0], [0, 0], [1, 0], [0, 2], [4, 4], [0, 0], [3, 3],
    ]  # fmt: skip


def test_scale_of_the_vectors_does_not_depend_on_the_file(tmp_path, file):
    larger = tmp_path / "larger.txt"
    larger.write_text("".join(f"{word} {x * 100} {y * 100}\n" for word, (x, y) in FILE.items()))
    tables = [load_vectors(path, VectorVocabulary({}), WORDS).table for path in (file, str(larger))]
    np.testing.assert_allclose(*tables, rtol=1e-5)


def test_large_numbers_do_not_make_all_vectors_0(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the 1e30 0\nparis 0 1e30\n")
    table = load_vectors(str(path), VectorVocabulary({}), WORDS[:4]).table
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(table[2:]))), 0.3, rtol=1e-5)


def test_coverage_is_reported(file):
    vectors = load_vectors(file, VectorVocabulary.select(file, 2, "words"), WORDS)
    assert "2 numbers a word; vectors for 4 of the 5 words of the training split's vocabulary" in vectors.coverage
    assert "2 words known from the file" in vectors.coverage


def test_a_file_of_another_language_is_refused(file):
    with pytest.raises(TextFileError, match="the file has no word of the training split, such as hus, bil") as caught:
        load_vectors(file, VectorVocabulary.select(file, 2, "words"), ["[PAD]", "[UNK]", "hus", "bil"])
    assert str(caught.value).startswith(file)


def test_a_file_that_changed_since_the_transform_is_refused(file):
    own = VectorVocabulary({"the": 2, "gone": 3})
    with pytest.raises(TextFileError, match=r"lacks 1 words .* such as 'gone'"):
        load_vectors(file, own, WORDS)


def test_a_broken_number_matters_only_in_vectors_that_are_read(tmp_path, file):
    path = tmp_path / "broken.txt"
    path.write_text("the 1 0\nnever x 1\nparis 0 y\n")
    assert load_vectors(str(path), VectorVocabulary({}), WORDS[:3]).table.shape == (3, 2)
    with pytest.raises(TextFileError, match=r"broken\.txt:3: 'y' is not a finite number \(number 2"):
        load_vectors(str(path), VectorVocabulary({}), WORDS)
