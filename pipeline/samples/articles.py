"""The articles' synthetic corpus: who went where."""

from __future__ import annotations

import random

NAMES = (
    "Emmanuel Macaron",
    "Xi Jinping",
    "Joe Biden",
    "Vladimir Putin",
    "Vlodymyr Zelenskyy",
    "Narendra Modi",
    "Justin Trudeau",
    "Jair Bolsonaro",
)
VERBS = ("went to", "visited", "was in", "was chased out of")
PLACES = (
    "Paris France",
    "Beijing China",
    "Washington USA",
    "Moscow Russia",
    "Kyiv Ukraine",
    "New Delhi India",
    "Ottawa Canada",
    "Brasilia Brazil",
)
SIZES = {"train": 1000, "dev": 100, "test": 100}

_OUTSIDE = "OUT"  # the articles' own outside label


def articles_files(seed: int) -> dict[str, str]:
    """Returns the corpus as {file name: text}: lines of `tokens<TAB>tags`, types NAME and LOCATION, outside OUT.

    Args:
        seed: the same seed gives the same text.
    """
    rng = random.Random(seed)
    return {f"{split}.tsv": "".join(f"{_line(rng)}\n" for _ in range(size)) for split, size in SIZES.items()}


def _line(rng: random.Random) -> str:
    name, verb, place = rng.choice(NAMES), rng.choice(VERBS), rng.choice(PLACES)
    tags = [*_entity(name, "NAME"), *(_OUTSIDE for _ in verb.split()), *_entity(place, "LOCATION")]
    return f"{name} {verb} {place}\t{' '.join(tags)}"


def _entity(text: str, entity_type: str) -> list[str]:
    return [f"B-{entity_type}", *(f"I-{entity_type}" for _ in text.split()[1:])]
