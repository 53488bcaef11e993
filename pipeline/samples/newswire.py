"""The generated newswire corpus: several thousand sentences with PER, ORG, LOC and MISC.

Every fourth word of each list and every eighth template are kept for the test split, so that more than half of its
entities, and some of its sentences' forms, never occur in training, as in text of tomorrow.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from pipeline.samples import lexicon as words
from pipeline.samples.templates import TAILS, TEMPLATES

SIZES = {"train": 4000, "dev": 500, "test": 1000}

_UNSEEN_SHARE = {"train": 0.0, "dev": 0.0, "test": 0.5}
_RESERVED = 4  # every fourth word
_RESERVED_TEMPLATE = 8  # every eighth template
_TAIL_SHARE = 0.25
_DOCUMENT = (4, 12)  # sentences

Filled = tuple[str, str]  # (text, entity type or "")


def newswire_files(seed: int) -> dict[str, str]:
    """Returns the corpus as {file name: text}: `token<TAB>tag`, IOB2, with ids, topics and document marks.

    No sentence stands in it twice. Each sentence has the comments `# id = …` and `# topic = …`; the topic can be
    declared as a metadata column.

    Args:
        seed: the same seed gives the same text.
    """
    rng = random.Random(seed)
    seen: set[tuple[str, ...]] = set()
    return {f"{split}.conll": _split(split, size, rng, seen) for split, size in SIZES.items()}


def _split(split: str, size: int, rng: random.Random, seen: set[tuple[str, ...]]) -> str:
    fill = _Filler(rng, _UNSEEN_SHARE[split])
    blocks, written, left = [], 0, 0
    topic = ""
    while written < size:
        if not left:
            topic, left = rng.choice(sorted(TEMPLATES)), rng.randint(*_DOCUMENT)
            blocks.append("-DOCSTART-\tO\n")
        rows = fill.template(_template(split, topic, rng))
        tokens = tuple(token for token, _ in rows)
        if tokens in seen:
            continue
        seen.add(tokens)
        written, left = written + 1, left - 1
        lines = [f"# id = {split}-{written:05d}", f"# topic = {topic}", *("\t".join(row) for row in rows)]
        blocks.append("".join(f"{line}\n" for line in lines))
    return "\n".join(blocks)


def _template(split: str, topic: str, rng: random.Random) -> str:
    """Returns a template that the split may use, sometimes with a clause in place of its full stop."""
    last = _RESERVED_TEMPLATE - 1
    allowed = [t for i, t in enumerate(TEMPLATES[topic]) if split == "test" or i % _RESERVED_TEMPLATE != last]
    template = rng.choice(allowed)
    if template.endswith(" .") and rng.random() < _TAIL_SHARE:
        return f"{template[:-2]} , {rng.choice(TAILS)}"
    return template


class _Filler:
    """Fills templates; `unseen` is the share of words that come from the part that training never shows."""

    def __init__(self, rng: random.Random, unseen: float) -> None:
        self._rng, self._unseen = rng, unseen
        self._slots: dict[str, Callable[[], Filled]] = {
            "per": lambda: (f"{self._pick(words.FIRST_NAMES)} {self._pick(words.LAST_NAMES)}", "PER"),
            "first": lambda: (self._pick(words.FIRST_NAMES), "PER"),
            "last": lambda: (self._pick(words.LAST_NAMES), "PER"),
            "city": lambda: (self._pick(words.CITIES), "LOC"),
            "country": lambda: (self._pick(words.COUNTRIES), "LOC"),
            "region": lambda: (self._pick(words.REGIONS), "LOC"),
            "company": lambda: (self._company(), "ORG"),
            "club": lambda: (f"{self._pick(words.CITIES)} {self._any(words.CLUB_KINDS)}", "ORG"),
            "university": lambda: (self._university(), "ORG"),
            "institution": lambda: (self._pick(words.INSTITUTIONS), "ORG"),
            "nationality": lambda: (self._pick(words.NATIONALITIES), "MISC"),
            "event": lambda: (self._event(), "MISC"),
            "product": lambda: (f"{self._pick(words.PRODUCT_STEMS)} {rng.randint(2, 900)}", "MISC"),
            "award": lambda: (self._pick(words.AWARDS), "MISC"),
            "day": lambda: (self._any(words.DAYS), ""),
            "month": lambda: (self._any(words.MONTHS), ""),
            "date": lambda: (f"{rng.randint(1, 28)} {self._any(words.MONTHS)}", ""),
            "year": lambda: (str(rng.randint(1950, 2024)), ""),
            "number": lambda: (self._number(), ""),
            "money": lambda: (f"{self._any(('$', '€', '£'))} {rng.randint(1, 950)} million", ""),
            "percent": lambda: (f"{rng.randint(0, 40)}.{rng.randint(0, 9)} percent", ""),
            "score": lambda: (f"{rng.randint(0, 7)}-{rng.randint(0, 7)}", ""),
            "time": lambda: (f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}", ""),
            "job": lambda: (self._any(words.JOBS), ""),
        }

    def template(self, template: str) -> list[tuple[str, str]]:
        """Returns (token, tag) rows."""
        rows: list[tuple[str, str]] = []
        for part in template.split():
            text, entity_type = self._slots[part[1:-1]]() if part.startswith("{") else (part, "")
            for i, token in enumerate(text.split()):
                rows.append((token, f"{'I' if i else 'B'}-{entity_type}" if entity_type else "O"))
        return rows

    def _any(self, choices: Sequence[str]) -> str:
        return self._rng.choice(choices)

    def _pick(self, choices: Sequence[str]) -> str:
        """Picks a word of a list that is divided between training and test."""
        reserved = self._rng.random() < self._unseen
        return self._any([word for i, word in enumerate(choices) if (i % _RESERVED == _RESERVED - 1) == reserved])

    def _company(self) -> str:
        stem = self._pick(words.COMPANY_STEMS)
        return stem if self._rng.random() < 0.4 else f"{stem} {self._any(words.COMPANY_KINDS)}"

    def _university(self) -> str:
        city = self._pick(words.CITIES)
        return f"University of {city}" if self._rng.random() < 0.5 else f"{city} Institute of Technology"

    def _event(self) -> str:
        place = self._pick(words.CITIES if self._rng.random() < 0.6 else words.NATIONALITIES)
        return f"{place} {self._any(words.EVENT_KINDS)}"

    def _number(self) -> str:
        number = self._rng.choice((self._rng.randint(2, 99), self._rng.randint(100, 90_000)))
        return f"{number:,}"
