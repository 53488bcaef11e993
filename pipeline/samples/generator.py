"""Generator of labelled sentences from templates and word lists.

Every fourth word of each list and every eighth template are reserved for the test split. A share of its entities, and
some of its constructions, therefore never occur in training, as in tomorrow's text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = tuple[str, str]  # (token, tag)

_RESERVED_WORD = 4  # every fourth word
_RESERVED_TEMPLATE = 8  # every eighth template
_TAIL_SHARE = 0.25
_DOCUMENT = (4, 12)  # sentences


def read_sections(name: str) -> dict[str, list[str]]:
    """Returns the lines of a text file of this folder by section, without comments and empty lines.

    Args:
        name: the file. a line `[topic]` starts a section, `#` a comment.
    """
    sections: dict[str, list[str]] = {}
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return sections


TEMPLATES = read_sections("templates.txt")
TAILS = TEMPLATES.pop("tails")
WORDS = {
    name: [word.strip() for word in " ".join(lines).split(",")] for name, lines in read_sections("lexicon.txt").items()
}


@dataclass(frozen=True)
class GeneratedSentence:
    """A generated sentence.

    Attributes:
        rows: (token, tag) pairs.
        topic: section of `templates.txt` that the sentence comes from.
        style: `edited`, or `message`: lower case, without the final full stop.
        starts_document: whether a document begins with this sentence.
    """

    rows: tuple[Row, ...]
    topic: str
    style: str
    starts_document: bool


@dataclass(frozen=True)
class Generator:
    """Generator of one kind of corpus.

    Attributes:
        sizes: number of sentences by split, in the order of generation.
        topics: weight of each topic.
        types: entity type as written to the corpus, by type of this module (PER, LOC, ORG, MISC).
        outside: outside tag.
        unseen: share of the test split's words that are drawn from the reserved words.
        messages: share of sentences in the style `message`.
    """

    sizes: Mapping[str, int]
    topics: Mapping[str, int]
    types: Mapping[str, str]
    outside: str
    unseen: float
    messages: float

    def generate(self, seed: int) -> dict[str, list[GeneratedSentence]]:
        """Returns the sentences of each split; no sentence occurs twice in the corpus.

        Args:
            seed: equal seeds give equal sentences.
        """
        rng = random.Random(seed)
        seen: set[str] = set()
        return {split: self._split(split, size, rng, seen) for split, size in self.sizes.items()}

    def _split(self, split: str, size: int, rng: random.Random, seen: set[str]) -> list[GeneratedSentence]:
        filler = _Filler(rng, 0.0 if split == "train" else self.unseen)
        topics, weights = list(self.topics), list(self.topics.values())
        sentences: list[GeneratedSentence] = []
        topic, left, starts = "", 0, False
        while len(sentences) < size:
            if not left:
                topic, left, starts = rng.choices(topics, weights)[0], rng.randint(*_DOCUMENT), True
            tagged = filler.fill(_template(split, topic, rng))
            style = "message" if rng.random() < self.messages else "edited"
            text = " ".join(token for token, _ in tagged).lower()
            if text in seen:
                continue
            seen.add(text)
            sentences.append(GeneratedSentence(self._rows(tagged, style), topic, style, starts))
            left, starts = left - 1, False
        return sentences

    def _rows(self, tagged: Sequence[Row], style: str) -> tuple[Row, ...]:
        rows = [(token, f"{tag[:2]}{self.types[tag[2:]]}" if tag else self.outside) for token, tag in tagged]
        if style == "message":
            rows = [(token.lower(), tag) for token, tag in (rows[:-1] if rows[-1][0] == "." else rows)]
        return tuple(rows)


def _template(split: str, topic: str, rng: random.Random) -> str:
    """Returns a template that the split may use, sometimes with a clause in place of its full stop."""
    reserved = _RESERVED_TEMPLATE - 1
    allowed = [t for i, t in enumerate(TEMPLATES[topic]) if split != "train" or i % _RESERVED_TEMPLATE != reserved]
    template = rng.choice(allowed)
    if template.endswith(" .") and rng.random() < _TAIL_SHARE:
        return f"{template[:-2]} , {rng.choice(TAILS)}"
    return template


class _Filler:
    """Fills the slots of templates.

    Attributes:
        slots: name of a slot -> (entity type or "", function that returns a text).
    """

    def __init__(self, rng: random.Random, unseen: float) -> None:
        self._rng, self._unseen = rng, unseen
        self.slots: dict[str, tuple[str, Callable[[], str]]] = {
            "name": ("PER", lambda: self._any("article_names") if rng.random() < 0.5 else self._person()),
            "per": ("PER", self._person),
            "first": ("PER", lambda: self._pick("first_names")),
            "last": ("PER", lambda: self._pick("last_names")),
            "place": ("LOC", lambda: self._any("article_places") if rng.random() < 0.5 else self._pick("places")),
            "city": ("LOC", lambda: self._pick("cities")),
            "country": ("LOC", lambda: self._pick("countries")),
            "region": ("LOC", lambda: self._pick("regions")),
            "company": ("ORG", self._company),
            "family": ("ORG", lambda: self._pick("last_names")),
            "club": ("ORG", lambda: f"{self._pick('cities')} {self._any('club_kinds')}"),
            "team": ("ORG", lambda: self._pick("cities")),
            "university": ("ORG", self._university),
            "institution": ("ORG", lambda: self._pick("institutions")),
            "nationality": ("MISC", lambda: self._pick("nationalities")),
            "event": ("MISC", self._event),
            "product": ("MISC", lambda: f"{self._pick('product_stems')} {rng.randint(2, 900)}"),
            "award": ("MISC", lambda: self._pick("awards")),
            "day": ("", lambda: self._any("days")),
            "month": ("", lambda: self._any("months")),
            "date": ("", lambda: f"{rng.randint(1, 28)} {self._any('months')}"),
            "year": ("", lambda: str(rng.randint(1950, 2024))),
            "number": ("", lambda: f"{rng.choice((rng.randint(2, 99), rng.randint(100, 90_000))):,}"),
            "money": ("", lambda: f"{rng.choice('$€£')} {rng.randint(1, 950)} million"),
            "percent": ("", lambda: f"{rng.randint(0, 40)}.{rng.randint(0, 9)} percent"),
            "score": ("", lambda: f"{rng.randint(0, 7)}-{rng.randint(0, 7)}"),
            "time": ("", lambda: f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}"),
            "job": ("", lambda: self._any("jobs")),
        }

    def fill(self, template: str) -> list[Row]:
        """Returns (token, IOB2 tag) pairs; the tag of a token outside of entities is empty."""
        rows: list[Row] = []
        for part in template.split():
            entity_type, text = "", part
            if part.startswith("{"):
                entity_type, draw = self.slots[part[1:-1]]
                text = draw()
            for i, token in enumerate(text.split()):
                rows.append((token, entity_type and f"{'I' if i else 'B'}-{entity_type}"))
        return rows

    def _any(self, name: str) -> str:
        return self._rng.choice(WORDS[name])

    def _pick(self, name: str) -> str:
        """Draws from a list that is divided between training and test."""
        reserved = self._rng.random() < self._unseen
        last = _RESERVED_WORD - 1
        return self._rng.choice([w for i, w in enumerate(WORDS[name]) if (i % _RESERVED_WORD == last) == reserved])

    def _person(self) -> str:
        return f"{self._pick('first_names')} {self._pick('last_names')}"

    def _company(self) -> str:
        stem = self._pick("company_stems")
        return stem if self._rng.random() < 0.4 else f"{stem} {self._any('company_kinds')}"

    def _university(self) -> str:
        city = self._pick("cities")
        return f"University of {city}" if self._rng.random() < 0.5 else f"{city} Institute of Technology"

    def _event(self) -> str:
        place = self._pick("cities" if self._rng.random() < 0.6 else "nationalities")
        return f"{place} {self._any('event_kinds')}"
