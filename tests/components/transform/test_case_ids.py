"""The case of tokens: arithmetic on characters agrees with patterns over the token."""

from __future__ import annotations

import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.text.tokenizer import WHITESPACE, WORDS, tokenize
from components.transform import features as names
from components.transform.case_ids import case_ids

LETTERS = st.sampled_from("aAbBßǅʰ巴1½-.😳\u0301 ")


def case(token: str) -> int:
    """The definition, character by character."""
    categories = [unicodedata.category(char) for char in token]
    letters = [each for each in categories if each[0] == "L"]
    uppers = sum(each in ("Lu", "Lt") for each in letters)
    if not letters:
        return 2 if any(each[0] == "N" for each in categories) else 1
    if not uppers:
        return 3
    if uppers == 1 and letters[0] in ("Lu", "Lt"):
        return 4
    return 6 if "Ll" in letters else 5


@tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])
def by_blanks(sentences: tf.Tensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    tokens = tokenize(sentences, WHITESPACE)
    return tokens.tokens, case_ids(tokens)


@pytest.mark.parametrize(
    ("token", "expected"),
    [("--", 1), ("😳", 1), ("3.14", 2), ("½", 2), ("paris", 3), ("巴黎", 3), ("Paris", 4), ("A", 4), ("é", 3),
     ("Élysée", 4), ("NATO", 5), ("U2", 4), ("3D", 4), ("3dX", 6), ("eBay", 6), ("McDonald", 6), ("US-A", 5)],
)  # fmt: skip
def test_case_ids_name_the_shape_of_a_token(token, expected):
    _, ids = by_blanks(tf.constant(["", token, f"x {token} Y"]))
    assert ids.to_list() == [[], [expected], [3, expected, 4]]
    assert 0 < expected < names.CASES
    assert expected == case(token)


@settings(deadline=None, max_examples=200)
@given(batch=st.lists(st.text(LETTERS, max_size=12), max_size=3))
def test_case_ids_are_those_of_the_definition(batch):
    tokens, ids = by_blanks(tf.constant(batch, tf.string))
    assert ids.to_list() == [[case(token.decode()) for token in row] for row in tokens.to_list()]


def test_case_ids_of_words_and_marks():
    assert case_ids(tokenize(tf.constant(["McDonald's, NATO"]), WORDS)).to_list() == [[6, 3, 1, 5]]
