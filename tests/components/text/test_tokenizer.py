"""The tokenizer in the graph equals the Python reference, offsets included."""

from __future__ import annotations

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.text.tokenizer import tokenize
from components.text.words import whitespace_offsets, word_offsets

REFERENCE = {"whitespace": whitespace_offsets, "words": word_offsets}
ODD = [
    "Biden,visited (Paris) on 3.14",
    "",
    " \u3000\t",
    "Zürich\u00a0liegt\u2028am See.",
    "👍🏽👨\u200d👩\u200d👧 ok",
    "\u0301start .\u0301a",
    "שלום עולם!",
    "a\x00b \x00",
    "x" * 10_000 + " y",
]

graph = {
    name: tf.function(
        lambda sentences, name=name: tuple(tokenize(sentences, name)),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    for name in REFERENCE
}


def check(sentences: list[str], name: str) -> None:
    tokens, starts, ends = (x.to_list() for x in graph[name](tf.constant(sentences, tf.string)))
    for text, row, first, last in zip(sentences, tokens, starts, ends, strict=True):
        assert list(zip(first, last, strict=True)) == REFERENCE[name](text)
        assert [t.decode() for t in row] == [text[s:e] for s, e in zip(first, last, strict=True)]


@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("batch", [ODD, [], [""], ODD[1:3]], ids=["odd", "none", "empty", "blank"])
def test_graph_equals_reference(name, batch):
    check(batch, name)


@pytest.mark.parametrize("name", REFERENCE)
@settings(deadline=None, max_examples=150)
@given(batch=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_graph_equals_reference_on_random_text(name, batch):
    check(batch, name)


@pytest.mark.parametrize("raw", [b"caf\xe9 ok", b"\xff\xfe", b"a \xe2\x82 b", b"\xf0\x9f\x98", b"\xc0\xaf x"])
def test_invalid_utf8_keeps_its_bytes_and_counts_as_python_decodes_it(raw):
    tokens, starts, ends = (x.to_list()[0] for x in tokenize(tf.constant([raw]), "whitespace"))
    text = raw.decode("utf-8", "replace")
    assert tokens == raw.split()
    assert list(zip(starts, ends, strict=True)) == whitespace_offsets(text)


def test_unknown_tokenizer_is_named():
    with pytest.raises(ValueError, match="got 'bpe'"):
        tokenize(tf.constant(["a"]), "bpe")
