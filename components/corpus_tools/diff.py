"""Differences between two labelled versions of a corpus, and their agreement.

Sentences are aligned by their characters without white space, or by id. Entities and tokens are compared by the places
of these characters, so that another tokenization or other spaces make no difference to the entities.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from components.common.errors import NerError
from components.corpus_tools.sentence import AnnotatedSentence
from components.text.entity_scores import EntityCounts, Scores
from components.text.tags import OUTSIDE

By = Literal["text", "id"]
Place = tuple[int, int, str]
"""Start and end of an entity among the characters without white space, and its type."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Two versions of a sentence that differ.

    Attributes:
        a: the first version.
        b: the second version.
        text: whether the texts differ; labels and tokens are then not compared.
        only_a: entities that the first version has alone.
        only_b: entities that the second version has alone.
        tokens: pairs of differing tokens at the same place.
    """

    a: AnnotatedSentence
    b: AnnotatedSentence
    text: bool = False
    only_a: tuple[Place, ...] = ()
    only_b: tuple[Place, ...] = ()
    tokens: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the difference as JSON values."""
        value: dict[str, Any] = {"a": self.a.place, "b": self.b.place, "text": self.a.text}
        if self.text:
            return {**value, "text_b": self.b.text}
        for name, places in (("only_a", self.only_a), ("only_b", self.only_b)):
            value[name] = [{"label": label, "text": self.surface((start, end, label))} for start, end, label in places]
        return {**value, "tokens": [{"a": list(one), "b": list(other)} for one, other in self.tokens]}

    def surface(self, place: Place) -> str:
        """Returns the text of an entity, as the first version writes it."""
        start, end, _ = place
        position, first, last = 0, 0, 0
        for begin, after in self.a.offsets:
            length = after - begin
            if position <= start < position + length:
                first = begin + start - position
            if position < end <= position + length:
                last = begin + end - position
            position += length
        return " ".join(self.a.text[first:last].split())


@dataclasses.dataclass
class Comparison:
    """Differences and agreement of two versions.

    Attributes:
        shared: number of sentences that both versions have.
        only_a: sentences that the first version has alone.
        only_b: sentences that the second version has alone.
        differences: sentences that differ.
        entities: counts with the first version as the truth.
        tokens: number of pieces of text by their types in both versions; a piece is a token, or a part of it where the
            versions cut the text in different ways.
    """

    shared: int = 0
    only_a: list[AnnotatedSentence] = dataclasses.field(default_factory=list)
    only_b: list[AnnotatedSentence] = dataclasses.field(default_factory=list)
    differences: list[Difference] = dataclasses.field(default_factory=list)
    entities: EntityCounts = dataclasses.field(default_factory=EntityCounts)
    tokens: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa of the types of tokens; None if there is one type only, or no token."""
        return cohens_kappa(self.tokens)

    def counts(self) -> dict[str, int]:
        """Returns the numbers of sentences by their differences."""
        return {
            "shared": self.shared,
            "only_a": len(self.only_a),
            "only_b": len(self.only_b),
            "texts_differ": sum(one.text for one in self.differences),
            "labels_differ": sum(bool(one.only_a or one.only_b) for one in self.differences),
            "tokens_differ": sum(bool(one.tokens) for one in self.differences),
        }

    def to_dict(self) -> dict[str, Any]:
        """Returns the comparison as JSON values."""
        by_type: dict[str, Scores] = self.entities.per_type()
        return {
            "sentences": self.counts(),
            "entities": {
                "all": self.entities.micro()._asdict(),
                "by_type": {name: scores._asdict() for name, scores in by_type.items()},
                "counts": self.entities.to_dict(),
            },
            "tokens": {"count": self.tokens.total(), "kappa": self.kappa},
            "only_a": [{"at": one.place, "text": one.text} for one in self.only_a],
            "only_b": [{"at": one.place, "text": one.text} for one in self.only_b],
            "differences": [one.to_dict() for one in self.differences],
        }


def compare(a: Iterable[AnnotatedSentence], b: Iterable[AnnotatedSentence], by: By = "text") -> Comparison:
    """Compares two versions of a corpus; memory holds the first one.

    Repeated sentences are aligned in their order.

    Example:
        >>> one = AnnotatedSentence.of_tokens(["Ida", "wins"], ["B-PER", "O"])
        >>> other = AnnotatedSentence.of_tokens(["Ida", "wins"], ["B-ORG", "O"])
        >>> compare([one], [other]).entities.micro().f1
        0.0

    Args:
        a: the first version, the truth of precision and recall.
        b: the second version.
        by: what aligns the sentences.

    Raises:
        NerError: no sentence is in both versions; or ids align the sentences, and one is missing or occurs twice.
    """
    waiting: dict[str, list[AnnotatedSentence]] = defaultdict(list)
    for name, sentence in _named(a, by, "A"):
        waiting[name].append(sentence)
    places = dict.fromkeys(waiting, 0)
    comparison = Comparison()
    for name, sentence in _named(b, by, "B"):
        place = places.get(name)
        if place is None or place == len(waiting[name]):
            comparison.only_b.append(sentence)
            continue
        places[name] += 1
        comparison.shared += 1
        _compare(waiting[name][place], sentence, comparison)
    if not comparison.shared:
        fix = "Give two versions of the same sentences, or align them with --by id."
        raise NerError(f"A and B: have no sentence in common. {fix}")
    left = (sentence for name, own in waiting.items() for sentence in own[places[name] :])
    comparison.only_a = sorted(left, key=lambda sentence: (sentence.source, sentence.line))
    return comparison


def cohens_kappa(pairs: Mapping[tuple[str, str], int]) -> float | None:
    """Returns Cohen's kappa of two raters, (p_o - p_e) / (1 - p_e); None if it is not defined.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960).

    Example:
        >>> round(cohens_kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}), 3)
        0.4

    Args:
        pairs: number of items by their categories for both raters.
    """
    total = sum(pairs.values())
    one, other = Counter[str](), Counter[str]()
    for (first, second), count in pairs.items():
        one[first] += count
        other[second] += count
    by_chance = sum(one[name] * other[name] for name in one)
    if by_chance == total * total:  # also for no item
        return None
    agreed = sum(count for (first, second), count in pairs.items() if first == second)
    return (agreed * total - by_chance) / (total * total - by_chance)


def _named(sentences: Iterable[AnnotatedSentence], by: By, version: str) -> Iterator[tuple[str, AnnotatedSentence]]:
    seen = set[str]()
    for sentence in sentences:
        if by == "text":
            yield "".join(sentence.words), sentence
            continue
        name = sentence.identity
        if name is None or name in seen:
            problem = "has no id" if name is None else f"has the id {name!r}, which occurs twice"
            raise NerError(f"{version}, {sentence.place}: {problem}. Align the sentences with --by text.")
        seen.add(name)
        yield name, sentence


def _compare(a: AnnotatedSentence, b: AnnotatedSentence, comparison: Comparison) -> None:
    """Adds a pair of sentences."""
    (text, in_a), (other, in_b) = a.content, b.content
    if text != other:
        comparison.differences.append(Difference(a, b, text=True))
        return
    shared = set(in_a) & set(in_b)
    only_a, only_b = (tuple(place for place in own if place not in shared) for own in (in_a, in_b))
    for column, places in (("tp", shared), ("fp", only_b), ("fn", only_a)):
        for _, _, label in places:
            own = {"tp": 0, "fp": 0, "fn": 0, column: 1}
            comparison.entities.merge(EntityCounts.from_dict({label: own}))
    edges_a, edges_b = _edges(a), _edges(b)
    edges = sorted({*edges_a, *edges_b})
    comparison.tokens.update(zip(_labels(edges, in_a), _labels(edges, in_b), strict=True))
    tokens = tuple(_token_pairs(text, edges_a, edges_b)) if edges_a != edges_b else ()
    if only_a or only_b or tokens:
        comparison.differences.append(Difference(a, b, only_a=only_a, only_b=only_b, tokens=tokens))


def _edges(sentence: AnnotatedSentence) -> list[int]:
    """Returns the ends of the tokens among the characters without white space."""
    ends, position = [], 0
    for word in sentence.words:
        position += len(word)
        ends.append(position)
    return ends


def _labels(ends: list[int], places: tuple[Place, ...]) -> list[str]:
    """Returns the type of each piece of text."""
    labels, at = [], 0
    for end in ends:
        while at < len(places) and places[at][1] < end:
            at += 1
        labels.append(places[at][2] if at < len(places) and places[at][0] < end else OUTSIDE)
    return labels


def _token_pairs(text: str, a: list[int], b: list[int]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yields the shortest runs of tokens that begin and end at the same place in both versions, and differ."""
    shared = set(a) & set(b)
    runs: list[list[tuple[str, ...]]] = []
    for ends in (a, b):
        begin, run, of_version = 0, [], []
        for end in ends:
            run.append(text[begin:end])
            begin = end
            if end in shared:
                of_version.append(tuple(run))
                run = []
        runs.append(of_version)
    yield from ((one, other) for one, other in zip(*runs, strict=True) if one != other)
