"""Random samples of a corpus; memory holds the sample, not the corpus."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from components.common.errors import NerError
from components.corpus_tools.sentence import AnnotatedSentence

_NONE = ""  # stratum of the sentences without entities

Source = Callable[[], Iterable[AnnotatedSentence]]


def sample(source: Source, size: int | float, seed: int, *, stratify: bool = False) -> list[AnnotatedSentence]:
    """Returns sentences in the order of the corpus; the same seed draws the same ones.

    Example:
        >>> corpus = [AnnotatedSentence.of_tokens([str(i)], ["O"]) for i in range(100)]
        >>> [one.text for one in sample(lambda: corpus, 3, seed=0)]
        ['1', '28', '53']

    Args:
        source: returns the sentences; called once, or twice to stratify or for a share.
        size: number of sentences, or (a float) their share, above 0 and below 1.
        seed: seed of the generator.
        stratify: whether each type has its share. A sentence counts for its rarest type, and each type that the sample
            has room for occurs.

    Raises:
        NerError: the size is not positive.
    """
    if size <= 0 or (isinstance(size, float) and size >= 1):
        raise NerError(f"--n or --share {size}: not possible. Give a number from 1, or a share between 0 and 1.")
    if isinstance(size, int) and not stratify:
        return _drawn(source(), {_NONE: size}, lambda sentence: _NONE, seed)
    groups = Counter(_types(sentence) for sentence in source())
    count = size if isinstance(size, int) else max(1, round(size * groups.total()))
    if not stratify:
        return _drawn(source(), {_NONE: count}, lambda sentence: _NONE, seed)
    frequency = Counter[str]()
    for types, number in groups.items():
        frequency.update(dict.fromkeys(types, number))

    def rarest(types: Iterable[str]) -> str:
        return min(types, key=lambda name: (frequency[name], name), default=_NONE)

    strata = Counter[str]()
    for types, number in groups.items():
        strata[rarest(types)] += number
    return _drawn(source(), _allocated(strata, count), lambda sentence: rarest(_types(sentence)), seed)


def _types(sentence: AnnotatedSentence) -> frozenset[str]:
    return frozenset(entity.label for entity in sentence.entities)


def _allocated(strata: Mapping[str, int], count: int) -> dict[str, int]:
    """Returns how many of each stratum to draw: in proportion, by largest remainders, and one of each if possible."""
    total = sum(strata.values())
    count = min(count, total)
    exact = {name: size * count / total for name, size in strata.items()}
    chosen = {name: int(share) for name, share in exact.items()}
    # The rarest strata come first, and get one; the rest goes to the largest remainders.
    for name in sorted(strata, key=lambda name: (strata[name], name)):
        if chosen[name] == 0 and sum(chosen.values()) < count:
            chosen[name] = 1
    by_remainder = sorted(strata, key=lambda name: (chosen[name] - exact[name], name))
    while sum(chosen.values()) < count:
        for name in by_remainder:
            if chosen[name] < strata[name] and sum(chosen.values()) < count:
                chosen[name] += 1
    return chosen


def _drawn(
    sentences: Iterable[AnnotatedSentence],
    sizes: Mapping[str, int],
    stratum: Callable[[AnnotatedSentence], str],
    seed: int,
) -> list[AnnotatedSentence]:
    """Draws a number of sentences from each stratum (reservoir sampling, Vitter's algorithm R)."""
    generator = random.Random(seed)
    reservoirs: dict[str, list[tuple[int, AnnotatedSentence]]] = {name: [] for name in sizes}
    seen = Counter[str]()
    for number, sentence in enumerate(sentences):
        name = stratum(sentence)
        reservoir = reservoirs[name]
        seen[name] += 1
        if len(reservoir) < sizes[name]:
            reservoir.append((number, sentence))
        elif (place := generator.randrange(seen[name])) < len(reservoir):
            reservoir[place] = (number, sentence)
    drawn = [item for reservoir in reservoirs.values() for item in reservoir]
    return [sentence for _, sentence in sorted(drawn, key=lambda item: item[0])]
