"""Characters that look right and are not: invisible ones, look-alikes of other scripts, decomposed letters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from components.common.errors import counted, quoted
from components.corpus_tools.check.finding import Finding, Item, Severity
from components.corpus_tools.check.store import StoredSentence

_MOST_TOKENS = 200_000  # different tokens that are remembered
_MOST_ITEMS, _PLACES = 200, 5

KINDS = {
    "invisible": ("invisible character", "Remove it: the word is another one for the model."),
    "look_alike": ("letters of two scripts in one word", "Write the word with the letters of one script."),
    "replacement": ("U+FFFD, a character that was lost", "Read the original with its encoding again."),
    "private": ("private or unassigned character", "Replace it with a character that fonts and models know."),
    "decomposed": ("not in normal form NFC", "Normalize the corpus and the texts of callers to NFC."),
}
"""Kind -> observation and remedy."""

_WORD = re.compile(r"[^\W\d_]+")
# Cyrillic and Greek letters that have the shape of a Latin one.
_SHAPES = frozenset("аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅԌԚԜ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυρ")
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")
_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji need them
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TAGS = range(0xE0020, 0xE0080)  # of emoji flags


def odd_characters(token: str) -> list[tuple[str, str]]:
    r"""Returns (kind, detail) of the odd characters of a token.

    Example:
        >>> odd_characters("Par\u200bis"), odd_characters("М" + "oscow"), odd_characters("Zürich")
        ([('invisible', 'U+200B ZERO WIDTH SPACE')], [('look_alike', 'Cyrillic М in a Latin word')], [])
    """
    if token.isascii():
        return []
    odd = [("invisible", _name(char)) for i, char in enumerate(token) if _is_invisible(token, i, char)]
    if "\ufffd" in token:
        odd.append(("replacement", ""))
    odd += [("private", _name(char)) for char in token if unicodedata.category(char) in ("Co", "Cn")]
    odd += [("look_alike", detail) for word in _WORD.findall(token) for detail in _mixed(word)]
    if not unicodedata.is_normalized("NFC", token):
        odd.append(("decomposed", f"{quoted(unicodedata.normalize('NFC', token), 30)} in NFC"))
    return list(dict.fromkeys(odd))


class OddCharacters:
    """Odd characters of a corpus, added sentence by sentence."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._odd: dict[str, list[tuple[str, str]]] = {}
        self._counts: dict[str, Counter[tuple[str, str]]] = {}  # kind -> (token, detail) -> places
        self._places: dict[tuple[str, str, str], list[tuple[int, int]]] = {}  # (number of the sentence, token)

    def add(self, number: int, sentence: StoredSentence) -> None:
        """Looks at the tokens of a sentence that is not ASCII."""
        for i, token in enumerate(sentence.tokens):
            if token.isascii():
                continue
            odd = self._odd.get(token)
            if odd is None:
                odd = odd_characters(token)
                if len(self._odd) < _MOST_TOKENS:
                    self._odd[token] = odd
            for kind, detail in odd:
                self._count(kind, token, detail, (number, i))

    def _count(self, kind: str, token: str, detail: str, place: tuple[int, int]) -> None:
        counts = self._counts.setdefault(kind, Counter())
        if (token, detail) not in counts and len(counts) >= _MOST_TOKENS:
            token, detail = "other tokens", ""
        counts[token, detail] += 1
        places = self._places.setdefault((kind, token, detail), [])
        if len(places) < _PLACES:
            places.append(place)

    @property
    def samples(self) -> list[int]:
        """Numbers of the sentences that the findings show."""
        return [
            number
            for kind, counts in self._counts.items()
            for pair, _ in counts.most_common(_MOST_ITEMS)
            for number, _ in self._places[(kind, *pair)]
        ]

    def findings(self, sentences: dict[int, StoredSentence]) -> Iterator[Finding]:
        """Yields the findings; `sentences` has those of `samples`."""
        for kind, (title, fix) in KINDS.items():
            if not (counts := self._counts.get(kind)):
                continue
            items = []
            for (token, detail), count in counts.most_common(_MOST_ITEMS):
                numbers = self._places[kind, token, detail]
                places = tuple(sentences[number].place(i, i + 1) for number, i in numbers)
                items.append(Item(quoted(token, 40), detail, places, count))
            severity = Severity.NOTE if kind == "decomposed" else Severity.WARNING
            title = f"{title[0].upper()}{title[1:]}: {counted(counts.total(), 'token')}"
            yield Finding(kind, severity, title, fix, tuple(items), len(counts))


def _is_invisible(token: str, i: int, char: str) -> bool:
    if char in _INVISIBLE or char in _DIRECTIONS:
        return True
    if char in _JOINERS:
        before = token[i - 1] if i else ""
        return not before or _script(before) in ("Latin", "Cyrillic", "Greek") or before.isascii()
    if ord(char) in _TAGS:
        return "\U0001f3f4" not in token
    return unicodedata.category(char) == "Cc"


def _mixed(word: str) -> Iterator[str]:
    """Yields an observation if a word mixes scripts whose letters look alike."""
    if word.isascii():
        return
    scripts: dict[str, list[str]] = {}
    for char in word:
        if (script := _script(char)) in ("Latin", "Cyrillic", "Greek"):
            scripts.setdefault(script, []).append(char)
    if len(scripts) < 2:
        return
    most = max(scripts, key=lambda script: len(scripts[script]))
    for script, chars in scripts.items():
        # TNFα is a name; a Greek letter with the shape of a Latin one is a slip.
        alike = any(char in _SHAPES for char in (chars if script != "Latin" else scripts[most]))
        if script != most and (alike or {script, most} == {"Latin", "Cyrillic"}):
            yield f"{script} {''.join(dict.fromkeys(chars))[:5]} in a {most} word"


def _script(char: str) -> str:
    return unicodedata.name(char, "unknown").split()[0].capitalize()


def _name(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip()
