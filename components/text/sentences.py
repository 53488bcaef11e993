"""Ends of sentences in running text: one table of rules for all languages, and the rules in plain Python.

`components.exporter.serving.sentence_splits` applies the same table in the graph.

A wrong end takes context from a tagger; a missed one does little harm, because taggers read long sentences in windows.
In doubt the rules therefore set no end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from components.text.char_traits import RUN

LONG = 100
"""Texts of more tokens are divided into sentences, in training and in serving."""

ENDS = ".!?…‼⁇⁈⁉؟۔։።፧"
"""Characters that end a sentence if white space follows, or closing marks and white space."""

UNSPACED_ENDS = "。！？｡．।॥။።།"
"""Characters that end a sentence without white space after them."""

CLOSING = "\"'”’»›)]}）］｝」』】》〉〕"
"""Marks that belong to the sentence that they close."""

OPENING = "\"'“‘„‚«‹([{（［｛「『【《〈〔¿¡–—*•-"
"""Marks before the first word of a sentence."""

LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
"""Characters that end a line; `\\r\\n` is one end."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# English, German, Dutch, French, Spanish, Italian, Portuguese, Nordic languages, Croatian, Polish, Russian.
ABBREVIATIONS = _words(
    "mr mrs ms messrs dr drs prof rev hon gen col capt cpt lt sgt maj adm cmdr gov sen rep pres st ste mt ft jr sr "
    "vs cf al approx est dept univ inc ltd co corp bros assn ave blvd rd "
    "hr fr dipl ing bzw ca evtl ggf inkl vgl bspw sog geb gest abt tel str mio mrd "
    "dhr mw mevr ir bijv blz mme mlle mm mgr av env sra srta dra ud uds lic pág núm "
    "sig dott avv exmo exma eng dvs kl tlf tzv npr ul br np tzw im ул им стр тов"
)
"""Words after which a dot ends no sentence, in small letters."""

NUMBERED = _words(
    "no nos nr art abs fig figs abb tab vol bd pp ch sec eq par kap ed jan feb mar mrz apr jun jul aug sep sept okt "
    "oct nov dec dez"
)
"""Words after which a dot ends no sentence if a number follows."""

_LINE_END = re.compile(f"\r\n|[{LINE_ENDS}]")
_UNSPACED = re.compile(f"[{UNSPACED_ENDS}]+")


def sentence_offsets(text: str) -> list[tuple[int, int]]:
    """Returns the start and end of each sentence, without the white space around it; time grows with the text.

    A sentence ends

    - at a line end, unless the next line begins with a small letter; at an empty line always;
    - at a character of `ENDS` with white space after it, unless a small letter follows, or at one of `UNSPACED_ENDS`.
      Closing quotes and brackets belong to the sentence.

    A single dot ends no sentence after a letter ("J. Smith"), after letters with dots ("U.S.", "z.B."), after an
    abbreviation of the table, and after a number of one or two digits ("3. Oktober"). Links and numbers have no white
    space inside, so they stay whole.

    Example:
        >>> text = "Mr. J. Smith left the U.S. in 1999. “Why?” he asked. See a.com/b.html!"
        >>> [text[start:end] for start, end in sentence_offsets(text)]
        ['Mr. J. Smith left the U.S. in 1999.', '“Why?” he asked.', 'See a.com/b.html!']
    """
    offsets: list[tuple[int, int]] = []
    start, last, before = 0, 0, ""
    for run in RUN.finditer(text):
        if not before:
            start = run.start()
        elif _ends_between(before, len(_LINE_END.findall(text, last, run.start())), run[0]):
            offsets.append((start, last))
            start = run.start()
        for end in _UNSPACED.finditer(text, run.start(), run.end()):
            if end.end() < run.end() and text[end.end()] not in CLOSING + ENDS:
                offsets.append((start, end.end()))
                start = end.end()
        before, last = run[0], run.end()
    return [*offsets, (start, last)] if before else offsets


def first_tokens(tokens: Sequence[str]) -> list[int]:
    """Returns the index of the first token of each sentence in tokens of a corpus.

    Example:
        >>> first_tokens(["Ann", "left", ".", "He", "did", "n't", "."])
        [0, 3]
    """
    begins = {start for start, _ in sentence_offsets(" ".join(tokens))}
    indices, position = [], 0
    for i, token in enumerate(tokens):
        if position in begins:
            indices.append(i)
        position += len(token) + 1
    return indices


def _ends_between(before: str, lines: int, after: str) -> bool:
    """Returns whether a sentence ends between two runs of characters without white space.

    Args:
        before: the run before.
        lines: number of line ends between them.
        after: the run after.
    """
    first = (after.lstrip(OPENING) or after[-1:])[0]
    if lines or unicodedata.category(first) == "Ll":
        return lines > 1 or unicodedata.category(first) != "Ll"
    word = before.rstrip(CLOSING)
    stem = word.rstrip(ENDS + UNSPACED_ENDS)
    if stem == word or after[0] in ENDS or (after[0] in CLOSING and after[0] not in OPENING):
        return False
    return word[len(stem) :] != "." or _is_word(stem.lstrip(OPENING), first)


def _is_word(word: str, following: str) -> bool:
    """Returns whether the dot after a word ends a sentence: it is neither an abbreviation nor an ordinal."""
    if word.lower() in ABBREVIATIONS or (word.lower() in NUMBERED and following in "0123456789"):
        return False
    if word.isascii() and word.isdigit():
        return len(word) > 2  # "3. Oktober", "12. Item"; years end sentences
    parts = word.split(".")
    return not all(part.isalpha() and len(part) <= (1 if len(parts) == 1 else 2) for part in parts)
