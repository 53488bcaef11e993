"""Traits of characters and their two-stage table."""

from __future__ import annotations

from components.text import char_traits
from components.text.char_traits import (
    CONNECTOR,
    EXTEND,
    FOLDED_SHIFT,
    PAGE_BITS,
    PUNCT,
    SPACE,
    char_class,
    separate_traits,
    trait_table,
    traits,
)
from components.text.folding import fold_char
from components.text.scripts import is_wide_mark, separate_characters

SAMPLE = [*range(0x3000), 0xFDD0, 0xFFFD, 0xFFFF, 0x1E900, 0x1F3FB, 0x1F600, 0x2F800, 0xE0001, 0x10FFFF]


def test_two_stage_table_holds_the_traits_of_every_code_point():
    offsets, values = trait_table()
    for code in SAMPLE:
        assert (code << FOLDED_SHIFT) + values[offsets[code >> PAGE_BITS] + code] == traits(chr(code)), hex(code)


def test_traits_agree_with_char_class():
    for char in map(chr, SAMPLE):
        kind, bits = char_class(char), traits(char)
        assert bool(bits & char_traits.SPACE_BIT) == (kind == SPACE) != bool(bits & char_traits.VISIBLE), hex(ord(char))
        assert bool(bits & char_traits.SPLITS) == (kind in (SPACE, PUNCT)), hex(ord(char))
        assert bool(bits & char_traits.CONNECTS) == (kind == CONNECTOR), hex(ord(char))
        assert bool(bits & char_traits.EXTENDS) == (kind == EXTEND), hex(ord(char))
        assert bits >> FOLDED_SHIFT == (0 if kind == SPACE else ord(fold_char(char))), hex(ord(char))


def test_kinds_of_characters():
    for char, kind, number in [
        ("A", char_traits.UPPER, False),
        ("ǅ", char_traits.UPPER, False),
        ("ß", char_traits.LOWER, False),
        ("ʰ", char_traits.LETTER, False),
        ("巴", char_traits.LETTER, False),
        ("٣", char_traits.DIGIT, True),
        ("½", char_traits.OTHER, True),
        ("€", char_traits.MARK, False),
        ("\0", 0, False),
    ]:
        assert traits(char) & char_traits.KIND == kind
        assert bool(traits(char) & char_traits.NUMBER) == number


def test_the_table_of_scripts_without_spaces_differs_there_only():
    offsets, values = trait_table(separate=True)
    separate = {*separate_characters()}
    for char in [*map(chr, SAMPLE), *"王ไก្าｶﾞ〇々서ー"]:
        looked_up = (ord(char) << FOLDED_SHIFT) + values[offsets[ord(char) >> PAGE_BITS] + ord(char)]
        wide = char_traits.NUMBER * is_wide_mark(char)
        assert looked_up == (separate_traits(char) if char in separate else traits(char) | wide), char
