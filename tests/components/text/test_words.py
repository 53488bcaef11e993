"""The Python tokenizers."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.timing import LINEAR, growth

from components.text.char_traits import SPACE, WHITE_SPACE, char_class
from components.text.words import OFFSETS, character_offsets, whitespace_offsets, word_offsets


def pieces(text: str, offsets: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in offsets]


def test_word_offsets_separate_words_and_punctuation():
    for text, expected in [
        ("", []),
        (" \t\n", []),
        ("Biden,visited (Paris).", ["Biden", ",", "visited", "(", "Paris", ")", "."]),
        ("Biden , visited", ["Biden", ",", "visited"]),
        ("at 10:30, 1,000 of AT&T's", ["at", "10:30", ",", "1,000", "of", "AT&T", "'s"]),
        ("1, ,1 a,1", ["1", ",", ",", "1", "a", ",", "1"]),
        ("U.S.-based D.C. J. b. in.", ["U.S.-based", "D.C.", "J.", "b.", "in", "."]),
        ("Plan 9. A.. x's. y/z.", ["Plan", "9", ".", "A", "..", "x", "'s", ".", "y/z", "."]),
        ("http://a.bc/d?e=f. (me@a.org)", ["http://a.bc/d?e=f", ".", "(", "me@a.org", ")"]),
        (".@you: #Paris ##x @ x@", [".", "@you", ":", "#Paris", "##x", "@", "x", "@"]),
        ("boys' don't 'tis rock'n'roll", ["boys", "'", "don't", "'", "tis", "rock'n'roll"]),
        ("London’s 's ''S's Ross'S a''s", ["London", "’s", "'s", "''", "S", "'s", "Ross", "'S", "a''s"]),
        ("London'\u017f", ["London", "'\u017f"]),  # the old long s
        ("l'Élysée D'Angelo", ["l", "'", "Élysée", "D'Angelo"]),
        ("... :/ ?!? a?! --b", ["...", ":/", "?", "!", "?", "a", "?", "!", "--", "b"]),
        ("Paris—London «««x»», 😀😀!!", ["Paris", "—", "London", "«««", "x", "»»", ",", "😀😀", "!!"]),
        ("e\u0301t\u0301", ["e\u0301t\u0301"]),  # combining marks are part of the word
        ("10\u00a0000 \u3000km", ["10", "000", "km"]),
        ("watched\u200bwas Dubbz\ufeff", ["watched\u200bwas", "Dubbz\ufeff"]),
        ("👍🏽👨\u200d👩", ["👍🏽", "👨\u200d", "👩"]),
        (".\u0301a", [".\u0301", "a"]),
        (" \u0301a", ["\u0301a"]),
        ("a\x00b", ["a\x00b"]),
    ]:
        assert pieces(text, word_offsets(text)) == expected


def test_whitespace_offsets_split_at_unicode_white_space_only():
    text = "\u2003a,b\u00a0c\u200bd \x85e"
    assert pieces(text, whitespace_offsets(text)) == ["a,b", "c\u200bd", "e"]


@pytest.mark.parametrize(
    "expected",
    [
        "我 在 Hilton 住 2.5 天 。",
        "史 蒂 夫 · 乔 布 斯",
        "哈 哈 !! 王 's 史 C 罗",
        "葛\U000e0100 飾 区 々 〇",  # a variation selector
        "東 京 タ ワ ー 「 が 」 か\u3099 ｶﾞ ｷﾟ",
        "ก รุ ง เท พ น้ำ ๒๕๖๗",
        "ເມື ອ ງ ວ ຽ ງ",
        "ខ្មែ រ ភ្នំ ពេ ញ ។",
        "မ န္တ လေး မြ န် မာ ၊",
        "서울에서",
    ],
    ids=lambda text: text.split()[0],
)
def test_character_offsets_keep_marks_words_and_numbers(expected):
    text = expected.replace(" ", "")
    assert " ".join(pieces(text, character_offsets(text))) == expected


def test_hangul_is_cut_by_syllable_on_request_only():
    text = "서울에서 \u1112\u1161\u11ab글 王伟"
    assert pieces(text, character_offsets(text)) == ["서울에서", "\u1112\u1161\u11ab글", "王", "伟"]
    syllables = pieces(text, character_offsets(text, hangul=True))
    assert syllables == ["서", "울", "에", "서", "\u1112\u1161\u11ab", "글", "王", "伟"]


@given(st.text("aé1.,'-@#! \u0301"))
def test_character_offsets_are_word_offsets_without_such_scripts(text):
    assert character_offsets(text, hangul=True) == word_offsets(text)


def test_spaces_are_those_of_the_regular_expression():
    spaces = [chr(code) for code in range(sys.maxunicode + 1) if char_class(chr(code)) == SPACE]
    assert re.findall(f"[{WHITE_SPACE}]", "".join(map(chr, range(sys.maxunicode + 1)))) == spaces


@given(st.text("aS1.,'’@#-! \u0301\u3000"), st.text("aS1.,'’@#-! \u0301", min_size=40))
def test_a_space_separates_and_long_words_are_cut_like_short_ones(text, longer):
    halves = pieces(text, word_offsets(text)) + pieces(longer, word_offsets(longer))
    joined = f"{text} {longer}"
    assert pieces(joined, word_offsets(joined)) == halves


@given(st.text())
def test_every_visible_character_is_in_exactly_one_token(text):
    for cut in OFFSETS.values():
        covered = [i for start, end in cut(text) for i in range(start, end)]
        assert covered == [i for i, char in enumerate(text) if char_class(char) != SPACE]


@given(st.one_of(st.text(), st.text("aSsX1.,'’@#-!—\u0301 王กเา្ខ", max_size=10)))
def test_pretokenized_text_has_the_same_tokens_as_raw_text(text):
    for cut in (word_offsets, character_offsets):
        once = pieces(text, cut(text))
        joined = " ".join(once)
        assert pieces(joined, cut(joined)) == once


@pytest.mark.parametrize(
    "part", ["Ann's ", "'s", ".-", "a.", "\u0301", "x\u0301", "!", "!?", "U.S.", "l'É", " ", ",1", "王เ"]
)
def test_time_grows_linearly_also_in_a_single_word(part):
    for cut in (whitespace_offsets, word_offsets, character_offsets):
        assert growth(cut, lambda size, part=part: f"{part * size}a{part * size}", small=3000) < LINEAR
