"""The Python tokenizers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text.char_classes import SPACE, char_class, class_table
from components.text.words import whitespace_offsets, word_offsets


def pieces(text: str, offsets: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in offsets]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("Biden,visited", ["Biden", ",", "visited"]),
        ("Biden , visited", ["Biden", ",", "visited"]),
        ("U.S.-based", ["U", ".", "S", ".", "-", "based"]),
        ("l'Élysée", ["l", "'", "Élysée"]),
        ("e\u0301t\u0301", ["e\u0301t\u0301"]),  # combining marks stay in the word
        ("10\u00a0000 \u3000km", ["10", "000", "km"]),
        ("#photo @you", ["#", "photo", "@", "you"]),
        ("watched\u200bwas Dubbz\ufeff", ["watched\u200bwas", "Dubbz\ufeff"]),
        ("👍🏽👨\u200d👩", ["👍🏽", "👨\u200d", "👩"]),
        (".\u0301a", [".\u0301", "a"]),
        (" \u0301a", ["\u0301a"]),
        ("a\x00b", ["a\x00b"]),
    ],
)
def test_word_offsets_cut_words_and_punctuation(text, expected):
    assert pieces(text, word_offsets(text)) == expected


def test_whitespace_offsets_cut_at_unicode_white_space_only():
    text = "\u2003a,b\u00a0c\u200bd \x85e"
    assert pieces(text, whitespace_offsets(text)) == ["a,b", "c\u200bd", "e"]


@given(st.text())
def test_every_visible_character_is_in_exactly_one_token(text):
    for cut in (whitespace_offsets, word_offsets):
        covered = [i for start, end in cut(text) for i in range(start, end)]
        assert covered == [i for i, char in enumerate(text) if char_class(char) != SPACE]


@given(st.text())
def test_pretokenized_text_gives_the_same_tokens_as_raw_text(text):
    once = pieces(text, word_offsets(text))
    joined = " ".join(once)
    assert pieces(joined, word_offsets(joined)) == once


def test_two_stage_table_holds_the_class_of_every_code_point():
    pages, classes = class_table()
    for code in [*range(0x3000), 0x1F3FB, 0x1F600, 0xFFFD, 0x10FFFF]:
        assert classes[pages[code >> 8] * 256 + (code & 255)] == char_class(chr(code)), hex(code)
