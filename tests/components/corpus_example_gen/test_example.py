"""Examples: features, keys, and defects of readers."""

from __future__ import annotations

import hashlib

import pytest

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.corpus_example_gen.example import KeyMaker, check_metadata_columns, to_example


def values(example):
    return {name: [v.decode() for v in feature.bytes_list.value] for name, feature in example.features.feature.items()}


@pytest.mark.parametrize(
    ("tokens", "raw", "tokenizer", "expected"),
    [
        (("Jira", "/", "Zoom"), "Jira/Zoom", "words", ["Jira/Zoom"]),
        (("Jira", "/", "Zoom"), "Jira/Zoom", "", None),
        (("Jira", ",", "Zoom"), "Jira, Zoom", "words", None),  # cut as the corpus is
        (("Jira/Zoom", "."), None, "words", None),
        (("北京", "市"), None, "words", ["北京市"]),  # the script has no spaces
        (("北", "京"), None, "characters", None),
        (("Ann", ".") * 50, "Ann. " * 50, "words", None),
        (("Ann", ".") * 51, "Ann. " * 51, "words", ["Ann. " * 51]),
    ],
)
def test_only_sentences_that_are_served_in_another_way_have_their_raw_text(tokens, raw, tokenizer, expected):
    sentence = Sentence(tokens, ("O",) * len(tokens), raw_text=raw)
    assert values(to_example(sentence, "k", "s", (), tokenizer)).get("raw_text") == expected


def test_features_of_a_sentence():
    sentence = Sentence(
        ("Zoë", "in", "Oslo"), ("B-PER", "O", "B-LOC"), None, {"topic": "sport", "text": "not configured"}
    )
    assert values(to_example(sentence, "k:1", "train.conll", ["topic", "year"])) == {
        "key": ["k:1"],
        "sentence": ["Zoë in Oslo"],
        "tags": ["B-PER", "O", "B-LOC"],
        "source": ["train.conll"],
        "topic": ["sport"],
        "year": [""],
    }


def test_tokens_that_white_space_would_split_are_a_defect():
    for tokens in [("a b",), ("a\u00a0b",), ("a\u2028b", "c"), (" a",), ("",), ("a", "", "b"), ("\x85",)]:
        with pytest.raises(RuntimeError, match=r"t\.conll:7: .* does not split into its tokens"):
            to_example(Sentence(tokens, ("O",) * len(tokens), line=7), "k", "t.conll")


def test_other_control_characters_stay_inside_tokens():
    for token in ["a\u200bb", "\ufeffa", "a\x1cb", "👩\u200d👩", "\u180e"]:
        assert values(to_example(Sentence((token, "b"), ("O", "O")), "k", "s"))["sentence"] == [f"{token} b"]


def test_wrong_number_of_tags_is_a_defect():
    with pytest.raises(RuntimeError, match="2 tokens, 1 tags"):
        to_example(Sentence(("a", "b"), ("O",)), "k", "s")


def test_invalid_metadata_columns_are_errors():
    for columns, problem in [
        (["tags"], "'tags', which is a feature"),
        (["a", "a"], "'a' twice"),
        ([" "], "an empty name"),
    ]:
        with pytest.raises(NerError, match=rf"corpus\.metadata: contains {problem}"):
            check_metadata_columns(columns)


A, B = Sentence(("A", "b"), ("O", "O")), Sentence(("B",), ("O",))


def test_id_follows_the_source():
    assert KeyMaker("span-1/train.conll").make(Sentence(("A",), ("O",), key="s1")) == "span-1/train.conll:s1"


def test_equal_sentences_are_numbered():
    keys = KeyMaker("t.tsv")
    digest = hashlib.sha256(b"A b").hexdigest()[:16]
    assert [keys.make(s) for s in (A, B, A)][::2] == [f"t.tsv:{digest}-0", f"t.tsv:{digest}-1"]


def test_key_does_not_depend_on_other_sentences():
    first, second = KeyMaker("t.tsv"), KeyMaker("t.tsv")
    first.make(B)
    assert first.make(A) == second.make(A)


def test_a_key_used_twice_is_a_defect():
    keys = KeyMaker("t.tsv")
    keys.make(Sentence(("A",), ("O",), key="s1"))
    with pytest.raises(RuntimeError, match=r"'t\.tsv:s1' is used twice"):
        keys.make(Sentence(("B",), ("O",), key="s1"))
