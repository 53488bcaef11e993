"""The tokenizer in the graph compared with the Python reference."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lazy import LazyModule

from components.text.words import OFFSETS as REFERENCE

tf = LazyModule("tensorflow")
ODD = [
    "Biden,visited (Paris) on 3.14",
    "London's London'\u017f \u24b6\u24d0\u24d1 !!?",
    "",
    " \u3000\t",
    "Zürich\u00a0liegt\u2028am See.",
    "👍🏽👨\u200d👩\u200d👧 ok",
    "\u0301start .\u0301a",
    "שלום עולם!",
    "a\x00b \x00",
    "x" * 10_000 + " y",
    "我在Hilton住2.5天。哈哈！ 葛\U000e0100飾区 カ\u3099ｶﾞー",
    "กรุงเทพ ไทยแล้ว ເມືອງ ខ្មែរភ្នំពេញ မန္တလေး 서울에서 \u1112\u1161\u11ab",
]

# Text with invalid UTF-8 and characters that do not survive encoding.
BROKEN = st.text(st.sampled_from("a B.\u0301\ufffd\uffff\ufdd0é"), max_size=8).map(
    lambda text: text.encode().replace(b"B", b"\xe2\x82")
)


@functools.cache
def graph(name):
    from components.text.tokenizer import tokenize

    def cut(sentences):
        return tuple(tokenize(sentences, name))[:3]

    return tf.function(cut, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)


def check(sentences: list[str], name: str) -> None:
    tokens, starts, ends = (x.to_list() for x in graph(name)(tf.constant(sentences, tf.string)))
    for text, row, first, last in zip(sentences, tokens, starts, ends, strict=True):
        assert list(zip(first, last, strict=True)) == REFERENCE[name](text)
        assert [t.decode() for t in row] == [text[s:e] for s, e in zip(first, last, strict=True)]


def test_graph_equals_reference():
    for name in REFERENCE:
        for batch in (ODD, [], [""], ODD[1:3]):
            check(batch, name)


@pytest.mark.parametrize("name", ["whitespace", "words"])
@settings(deadline=None, max_examples=150)
@given(batch=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_graph_equals_reference_on_random_text(name, batch):
    check(batch, name)


@settings(deadline=None, max_examples=600)
@given(batch=st.lists(st.text("aSsX1.,'’@#-!—\u0301 ", max_size=8), min_size=1, max_size=8))
def test_graph_equals_reference_on_text_of_connectors(batch):
    check(batch, "words")


@settings(deadline=None, max_examples=300)
@given(batch=st.lists(st.text("a's1.,@·王王ーｶﾞ〇กเาำ่២្ខန္ါ한\u1112\u1161!。\u0301 ", max_size=8), min_size=1, max_size=8))
def test_graph_equals_reference_on_scripts_without_spaces(batch):
    for name in ("characters", "syllables"):
        check(batch, name)


def test_invalid_utf8_is_read_as_python_reads_it():
    for raw in (b"caf\xe9 ok", b"\xff\xfe", b"a \xe2\x82 b", b"\xf0\x9f\x98", b"\xc0\xaf x", b"x\xed\xa0\x80y"):
        check_bytes([raw], "whitespace")


@pytest.mark.parametrize("name", ["whitespace", "words"])
@settings(deadline=None, max_examples=150)
@given(batch=st.lists(st.one_of(st.binary(max_size=12), BROKEN), max_size=4))
def test_any_bytes_are_read_as_python_reads_them(name, batch):
    check_bytes(batch, name)


def check_bytes(batch: list[bytes], name: str) -> None:
    tokens, starts, ends = (x.to_list() for x in graph(name)(tf.constant(batch, tf.string)))
    for raw, row, first, last in zip(batch, tokens, starts, ends, strict=True):
        text = raw.decode("utf-8", "replace")
        assert list(zip(first, last, strict=True)) == REFERENCE[name](text)
        assert [token.decode() for token in row] == [text[s:e] for s, e in zip(first, last, strict=True)]


def test_every_character_comes_back_in_its_token():
    planes = [
        "".join(chr(code) for code in range(page, page + 256) if not 0xD800 <= code < 0xE000)
        for page in range(0, 0x110000, 256)
    ]
    check([text for text in planes if text], "words")
    check([text for text in planes[0x0E:0x33] + planes[0xA0:0xD8] if text], "syllables")  # scripts without spaces


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b"ab " * 200_000, 200_000),
        (b"\xff" * 600_000, 1),
        (b"a\xff " * 200_000, 400_000),
        ("\uffff".encode() * 200_000, 1),
        ("\ufdd0 ".encode() * 150_000, 150_000),
    ],
    ids=["words", "invalid UTF-8", "invalid UTF-8 in words", "noncharacters", "words of noncharacters"],
)
def test_a_long_text_is_not_copied_for_every_token(text, count):
    tokens, _, _ = graph("words")(tf.constant([text]))  # 600 kB: copies would be 120 GB
    assert tokens.row_lengths().numpy().tolist() == [count]


def test_unknown_tokenizer_is_rejected():
    from components.text.tokenizer import tokenize

    with pytest.raises(ValueError, match="got 'bpe'"):
        tokenize(tf.constant(["a"]), "bpe")
