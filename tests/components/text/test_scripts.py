"""Scripts."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from components.text.scripts import is_unspaced, join_as_written, script_of


def test_scripts_written_without_spaces():
    for text in ("北京", "㐀", "\U00020000", "ひ", "カ", "ｶ", "ไทย", "ລາວ", "ខ្មែរ", "မြန်မာ", "ㄅ", "々"):
        assert is_unspaced(text), text
    for text in ("Oslo", "서울", "Hà Nội", "القاهرة", "Київ", "दिल्ली", "བོད་", "😀", "。", "", "豈"[:0]):
        assert not is_unspaced(text), text


def test_the_ranges_hold_no_other_letters():
    first = {"CJK", "HIRAGANA", "HENTAIGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH", "BOPOMOFO", "THAI", "LAO"}
    first |= {"KHMER", "MYANMAR", "YI", "JAVANESE", "BALINESE", "TAI", "NEW", "IDEOGRAPHIC", "HANGZHOU", "VERTICAL"}
    letters = (chr(code) for code in range(0x110000) if unicodedata.category(chr(code))[0] == "L")
    names = {unicodedata.name(char, "CJK").split()[0] for char in letters if is_unspaced(char)}
    assert names <= first
    hangul = [chr(code) for code in range(0xAC00, 0xD7A4)]
    assert not any(map(is_unspaced, hangul))


def test_script_of_most_letters():
    assert script_of("王伟 went") == "Latin"
    assert script_of("王伟昨天 went") == "Han (Chinese, Japanese)"
    assert script_of("東京タワー") == "Katakana (Japanese)"
    assert script_of("القاهرة") == "Arabic"
    assert script_of("123 !") == ""


def test_tokens_are_joined_as_the_script_is_written():
    for tokens, text in [
        (["Ida", "left", "."], "Ida left ."),
        (["王", "伟", "去", "了", "北", "京", "。"], "王伟去了北京。"),
        (["「", "東", "京", "」", "へ"], "「東京」へ"),
        (["王", "in", "Oslo", "2026", "年"], "王 in Oslo 2026 年"),
        (["สม", "ชาย", "ไป"], "สมชายไป"),
        (["서울", "에", "갔다"], "서울 에 갔다"),
        (["。", "。"], "。 。"),
        ([], ""),
    ]:
        assert join_as_written(tokens)[0] == text


@given(st.lists(st.text("a王。 ー1", min_size=1, max_size=3)))
def test_tokens_stand_at_their_offsets(tokens):
    text, offsets = join_as_written(tokens)
    assert [text[start : start + len(token)] for start, token in zip(offsets, tokens, strict=True)] == tokens
    assert text.replace(" ", "") == "".join(tokens).replace(" ", "")
