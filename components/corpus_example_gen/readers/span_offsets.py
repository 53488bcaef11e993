"""Units of span offsets: characters, UTF-16 units (tools in JavaScript) and UTF-8 bytes.

A span read in the wrong unit often lies on other words, and nothing looks wrong. The units differ in texts in which an
emoji or a rare ideograph (beyond U+FFFF) stands before a span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, get_args

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusReadingError
from components.text.char_traits import CONNECTOR, EXTEND, PUNCT, SPACE, char_class
from components.text.scripts import is_separate

Unit = Literal["characters", "utf16", "bytes"]
UNITS: tuple[Unit, ...] = get_args(Unit)
NAMES = {"characters": "characters", "utf16": "UTF-16 units", "bytes": "UTF-8 bytes"}

_ENCODINGS = {"utf16": ("utf-16-le", 2), "bytes": ("utf-8", 1)}
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")

Offsets = Sequence[tuple[int, int]]


def to_characters(spans: Offsets, text: str, unit: Unit) -> list[tuple[int | None, int | None]]:
    """Converts offsets to characters; None stands for an offset outside the text or inside a character.

    Example:
        >>> to_characters([(3, 6), (1, 6)], "😀 Ida", "utf16")
        [(2, 5), (None, 5)]
    """
    if unit == "characters" or text.isascii():
        return [tuple(edge if 0 <= edge <= len(text) else None for edge in span) for span in spans]  # type: ignore[misc]
    encoding, size = _ENCODINGS[unit]
    data = text.encode(encoding)
    converted: dict[int, int | None] = {}
    before = count = 0
    for edge in sorted({edge for span in spans for edge in span}):
        if not 0 <= edge * size <= len(data):
            continue
        try:
            count += len(data[before * size : edge * size].decode(encoding))
        except UnicodeDecodeError:  # inside a character; the next piece begins where this one did
            continue
        before, converted[edge] = edge, count
    return [(converted.get(start), converted.get(end)) for start, end in spans]


def text_length(text: str, unit: Unit) -> int:
    """Returns the length of a text in a unit."""
    if unit == "characters":
        return len(text)
    encoding, size = _ENCODINGS[unit]
    return len(text.encode(encoding)) // size


def fitting_units(spans: Offsets, text: str) -> list[Unit]:
    """Returns the units in which all spans lie in the text, begin and end at words, and do not overlap.

    Example:
        >>> fitting_units([(3, 6)], "😀 Ida")
        ['utf16']
    """
    return [unit for unit in UNITS if _reading(spans, text, unit) is not None]


def find_unit(records: Iterable[tuple[int, str, Offsets]], path: str, report: IngestReport) -> Unit:
    """Returns the unit of a file: characters, or UTF-16 units if its spans fit only these.

    A record whose spans fit both readings is decided by those that fit one.

    Args:
        records: (line, text, spans) of the records in which the units may differ.
        path: the file, for errors.
        report: receives a note if the unit is not characters.

    Raises:
        CorpusReadingError: some records fit characters only and others UTF-16 units only; or all that tell the units
            apart fit both; or the spans fit UTF-8 bytes only.
    """
    evidence = _Evidence()
    for line, text, spans in records:
        evidence.add(line, text, spans)
    return evidence.decide(path, report)


class _Evidence:
    """First lines of the records that fit certain units only."""

    def __init__(self) -> None:
        self.only: dict[Unit, int] = {}
        self.count = 0  # of records that fit UTF-16 units only
        self.both: tuple[int, str, str] | None = None  # line, one reading, the other
        self.not_bytes = False

    def add(self, line: int, text: str, spans: Offsets) -> None:
        readings = {unit: _reading(spans, text, unit) for unit in UNITS}
        characters, utf16, in_bytes = (readings[unit] for unit in UNITS)
        self.not_bytes |= (characters or utf16) is not None and in_bytes is None
        if characters is None and utf16 is None:
            if in_bytes is not None:
                self.only.setdefault("bytes", line)
        elif characters is None:
            self.only.setdefault("utf16", line)
            self.count += 1
        elif utf16 is None:
            self.only.setdefault("characters", line)
        elif characters != utf16 and self.both is None:
            i = next(i for i, pair in enumerate(zip(characters, utf16, strict=True)) if pair[0] != pair[1])
            one, other = (text[slice(*spans[i])] for spans in (characters, utf16))
            self.both = line, quoted(one, 40), quoted(other, 40)

    def decide(self, path: str, report: IngestReport) -> Unit:
        if "utf16" in self.only and "characters" in self.only:
            problem = (
                f"its spans begin and end at words only if they count UTF-16 units, those at line "
                f"{self.only['characters']} only if they count characters"
            )
            fix = "Correct one of them, or set corpus.offsets to characters or utf16."
            raise CorpusReadingError(path, self.only["utf16"], problem, fix)
        if "utf16" in self.only:
            lines = f"{self.count} {'texts' if self.count > 1 else 'text'}, the first at line {self.only['utf16']}"
            report.note(path, f"offsets count UTF-16 units (corpus.offsets): spans fit the words only so in {lines}")
            return "utf16"
        if self.both is not None and "characters" not in self.only:
            line, one, other = self.both
            problem = (
                f"a span means {one} if offsets count characters, and {other} if they count UTF-16 units, because the "
                "text has characters beyond U+FFFF; no record of the file decides it"
            )
            fix = "Set corpus.offsets to characters or utf16 (tools in JavaScript)."
            raise CorpusReadingError(path, line, problem, fix)
        if "bytes" in self.only and not self.not_bytes:
            problem = "spans begin and end at words only if they count UTF-8 bytes"
            raise CorpusReadingError(path, self.only["bytes"], problem, "Set corpus.offsets to bytes.")
        return "characters"


def _reading(spans: Offsets, text: str, unit: Unit) -> list[tuple[int, int]] | None:
    """Returns the spans in characters if they fit, or None."""
    converted = []
    for start, end in to_characters(spans, text, unit):
        if start is None or end is None or start >= end:
            return None
        converted.append((start, end))
    starts, ends = {start for start, _ in converted}, {end for _, end in converted}
    if not (all(_is_start(text, edge) for edge in starts) and all(_is_end(text, edge) for edge in ends)):
        return None
    ordered = sorted(converted)
    disjoint = all(one[1] <= other[0] for one, other in pairwise(ordered))
    return converted if disjoint else None


def _is_start(text: str, edge: int) -> bool:
    return char_class(text[edge]) != SPACE and is_word_edge(text, edge)


def _is_end(text: str, edge: int) -> bool:
    return char_class(text[edge - 1]) != SPACE and is_word_edge(text, edge)


def is_word_edge(text: str, edge: int) -> bool:
    """Returns whether a word may begin or end at an offset: a tokenizer cuts there, or a connector stands there.

    It looks at the characters around the offset only, so that a text is not tokenized twice.

    Example:
        >>> [is_word_edge("Oslo-West!", edge) for edge in (0, 2, 4, 9)]
        [True, False, True, True]
    """
    if edge in (0, len(text)):
        return True
    after = char_class(text[edge])
    before = char_class(text[edge - 1])
    if SPACE in (before, after):
        return True
    if after == EXTEND:
        return False
    base = edge - 1
    while base and char_class(text[base]) == EXTEND and char_class(text[base - 1]) != SPACE:
        base -= 1
    before = char_class(text[base])
    if CONNECTOR in (before, after):
        return True
    if PUNCT in (before, after):
        return text[base] != text[edge]
    return is_separate(text[base], hangul=True) or is_separate(text[edge], hangul=True)


def has_astral(text: str) -> bool:
    """Returns whether a text has characters beyond U+FFFF, which UTF-16 counts twice."""
    return bool(_ASTRAL.search(text))
