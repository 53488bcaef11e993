"""Two spans of artificial sentences: the second has names, words and an entity type that the first lacks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

Span = Mapping[str, Sequence[str]]
_FIRST, _LAST = ["Joe", "Angela", "Justin", "Xi"], ["Biden", "Merkel", "Trudeau", "Jinping"]
SPAN_1: Span = {
    "PER": [f"{first} {last}" for first in _FIRST for last in _LAST],
    "LOC": ["Paris", "New Delhi", "Kyiv", "Lima"],
    "verb": ["visited", "left", "saw"],
}
SPAN_2: Span = {
    "PER": [f"{first} {last}" for first in ("Ida", "Knud", "Karen") for last in ("Holm", "Lund", "Berg")],
    "ORG": ["Maersk", "Carlsberg", "Novo Nordisk"],
    "verb": ["runs", "owns", "leads"],
}


def sentences(span: Span, count: int, seed: int = 0) -> list[tuple[str, list[str]]]:
    """Returns sentences of two entities and a verb, with their tags."""
    rng = random.Random(seed)
    subject, other = [kind for kind in span if kind != "verb"]
    rows = []
    for _ in range(count):
        parts = [
            (rng.choice(span[subject]), subject),
            (rng.choice(span["verb"]), None),
            (rng.choice(span[other]), other),
        ]
        words = [(word, place, kind) for text, kind in parts for place, word in enumerate(text.split())]
        tags = ["O" if kind is None else f"{'I' if place else 'B'}-{kind}" for _, place, kind in words]
        rows.append((" ".join(word for word, _, _ in words), tags))
    return rows
