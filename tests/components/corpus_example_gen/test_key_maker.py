"""Keys: unique and stable."""

from __future__ import annotations

import hashlib

import pytest

from components.corpus_example_gen.cleaning.sentence import Sentence
from components.corpus_example_gen.key_maker import KeyMaker

A, B = Sentence(("A", "b"), ("O", "O")), Sentence(("B",), ("O",))


def test_given_id_stands_after_the_source():
    assert KeyMaker("span-1/train.conll").make(Sentence(("A",), None, key="s1")) == "span-1/train.conll:s1"


def test_equal_sentences_are_counted():
    keys = KeyMaker("t.tsv")
    digest = hashlib.sha256(b"A b").hexdigest()[:16]
    assert [keys.make(s) for s in (A, B, A)][::2] == [f"t.tsv:{digest}-0", f"t.tsv:{digest}-1"]


def test_key_does_not_depend_on_what_else_is_in_the_file():
    first, second = KeyMaker("t.tsv"), KeyMaker("t.tsv")
    first.make(B)
    assert first.make(A) == second.make(A)


def test_a_key_used_twice_is_a_defect():
    keys = KeyMaker("t.tsv")
    keys.make(Sentence(("A",), None, key="s1"))
    with pytest.raises(RuntimeError, match=r"'t\.tsv:s1' is used twice"):
        keys.make(Sentence(("B",), None, key="s1"))
