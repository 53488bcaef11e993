"""Case ids of the graph, compared with a definition in Python."""

from __future__ import annotations

import functools
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st
from support.lazy import LazyModule

from components.transform import features as names

tf = LazyModule("tensorflow")
tokenizer = LazyModule("components.text.tokenizer")
case_ids_module = LazyModule("components.transform.case_ids")

LETTERS = st.sampled_from("aAbBßǅʰ巴1½-.😳\u0301 ")


def case(token: str) -> int:
    """Classifies a token as `case_ids` documents."""
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


@functools.cache
def graph():
    def by_spaces(sentences):
        tokens = tokenizer.tokenize(sentences, "whitespace")
        return tokens.tokens, case_ids_module.case_ids(tokens)

    return tf.function(by_spaces, autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])


def test_case_ids_of_examples():
    for token, expected in [
        ("--", 1),
        ("😳", 1),
        ("3.14", 2),
        ("½", 2),
        ("paris", 3),
        ("巴黎", 3),
        ("Paris", 4),
        ("A", 4),
        ("é", 3),
        ("Élysée", 4),
        ("NATO", 5),
        ("U2", 4),
        ("3D", 4),
        ("3dX", 6),
        ("eBay", 6),
        ("McDonald", 6),
        ("US-A", 5),
    ]:
        _, ids = graph()(tf.constant(["", token, f"x {token} Y"]))
        assert ids.to_list() == [[], [expected], [3, expected, 4]]
        assert 0 < expected < names.CASES
        assert expected == case(token)


@settings(deadline=None, max_examples=200)
@given(batch=st.lists(st.text(LETTERS, max_size=12), max_size=3))
def test_case_ids_agree_with_the_definition(batch):
    tokens, ids = graph()(tf.constant(batch, tf.string))
    assert ids.to_list() == [[case(token.decode()) for token in row] for row in tokens.to_list()]


def test_case_ids_of_words_and_marks():
    assert case_ids_module.case_ids(tokenizer.tokenize(tf.constant(["McDonald's, NATO"]), "words")).to_list() == [
        [6, 3, 1, 5]
    ]


def test_case_ids_of_characters_of_scripts_without_spaces():
    for text, expected in [("王2。A", [3, 2, 1, 4]), ("ក្ខ〇๒", [3, 3, 2])]:
        tokens = tokenizer.tokenize(tf.constant([text]), "characters")
        assert case_ids_module.case_ids(tokens).to_list() == [expected]
