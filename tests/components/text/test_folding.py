"""Folding of case and digits in Python, in the graph, and in lookups of pretrained vectors."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lazy import LazyModule

from components.text.folding import fold, fold_char
from components.trainer.initial.vectors import load_vectors
from components.transform.vector_vocabulary import VectorVocabulary

tf = LazyModule("tensorflow")

# Spellings of one word.
SPELLINGS = [
    ("Οδός", "οδός", "ΟΔΌΣ", "οδόσ"),
    ("ΟΔΟΣ", "οδος", "Οδος"),
    ("İstanbul", "i̇stanbul", "İSTANBUL", "I\u0307stanbul", "istanbul"),  # the second one is the lower case in Unicode
    ("ISPARTA", "Isparta", "ısparta"),
    ("Straße", "STRASSE", "straße", "STRAẞE"),
    ("ǅep", "ǆep", "ǄEP"),  # titlecase digraph
    ("٣٤-ÉLAN", "۳۴-Élan", "12-élan"),  # digits of three scripts
    ("E\u0301lan", "e\u0301lan"),  # combining accent
    ("ﬅar", "ﬅAR"),  # a ligature is unchanged
    ("𐐀𐐁", "𐐨𐐩"),  # outside the basic plane
    ("Ꭰꮁ", "ꭰꮁ"),  # capitals that are older than their small letters
    ("µm", "μm"),
]


def in_graph(words):
    from components.text.tokenizer import tokenize

    return [token.decode() for token in tokenize(tf.constant(words), "whitespace").characters.folded().numpy()]


def test_case_and_digits_fold():
    texts = ["MAY 1997", "ÉLAN-٣٤", "Straße", "ΟΔΟΣ οδος", "İI", "½", "巴黎", ""]
    assert [fold(text) for text in texts] == [
        "may 0000", "élan-00", "strasse", "οδοσ οδοσ", "ii", "½", "巴黎", "",
    ]  # fmt: skip


def test_spellings_of_a_word_fold_alike_in_python_and_in_the_graph():
    for spellings in SPELLINGS:
        folded = [fold(word) for word in spellings]
        assert len(set(folded)) == 1, spellings
        assert in_graph(spellings) == folded


def test_every_character_folds_like_its_other_cases():
    """Exempt are letters other than ß whose upper case has several characters."""
    for char in map(chr, range(sys.maxunicode + 1)):
        folded = fold(char)
        assert fold(folded) == fold(char.lower()) == folded, hex(ord(char))
        if len(char.upper()) == 1 or char == "ß":
            assert fold(char.upper()) == fold(char.title()) == folded, hex(ord(char))


@pytest.mark.parametrize("own_words", [0, 100])
def test_every_spelling_of_a_word_finds_its_vector(tmp_path, own_words):
    """In the vector vocabulary (`own_words`), or as a word of the training split whose vector the Trainer reads.

    tests/components/transform/test_pretrained_features.py tests the saved graph.
    """
    path = tmp_path / "vectors.txt"
    words = ["[PAD]", "[UNK]", *(fold(spellings[0]) for spellings in SPELLINGS)]
    for number in range(max(map(len, SPELLINGS))):
        written = [spellings[number % len(spellings)] for spellings in SPELLINGS]
        path.write_text("".join(f"{word} {row} 1\n" for row, word in enumerate(written, 1)), encoding="utf-8")
        vocabulary = VectorVocabulary.select(str(path), own_words, "whitespace")
        vectors = load_vectors(str(path), vocabulary, words)
        for row, spellings in enumerate(SPELLINGS, 1):
            for token in spellings:
                known = words.index(fold(token)) + len(vocabulary.words)
                index = vocabulary.ids.get(token, vocabulary.ids.get(fold(token), known))
                x, y = vectors.table[vectors.row_of[index]]
                assert y > 0, (written[row - 1], token)
                assert round(x / y) == row


@given(st.text())
def test_folding_is_idempotent_and_works_by_character(text):
    once = fold(text)
    assert fold(once) == once
    assert once == fold("".join(map(fold_char, text)))
