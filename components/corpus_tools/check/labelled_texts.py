"""Texts with a label, and the words at the edges of entities: counts of the first reading."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from components.corpus_tools.check.finding import certainty
from components.corpus_tools.check.store import StoredSentence

MOST_TEXTS = 500_000
"""Pairs of a text and a type in memory (some 120 MB); beyond that, the rarest ones are forgotten."""

_MOST_EDGES = 200_000
_LEAST_EDGE = 10  # times that a word stands on one side of the edge
_CERTAIN = 0.85  # of the usual side


class Edge(NamedTuple):
    """A word at the edge of entities of a type.

    Attributes:
        type: entity type.
        first: whether the word is the first one of the entity, or the one before it; otherwise last, or after.
        inside: whether the entity has the word.
        word: the word in small letters.
    """

    type: str
    first: bool
    inside: bool
    word: str

    @property
    def other(self) -> Edge:
        """The same word on the other side of the edge."""
        return self._replace(inside=not self.inside)


class LabelledTexts:
    """Counts of labelled texts, added sentence by sentence.

    Attributes:
        counts: split -> (text, type) -> entities.
        forgotten: entities of texts that were forgotten to bound the memory.
    """

    def __init__(self, most: int = MOST_TEXTS) -> None:
        """Starts with nothing; `most` bounds the pairs of text and type."""
        self.counts: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.forgotten = 0
        self._edges: Counter[Edge] = Counter()
        self._most = most
        self._due = most  # entities until the next look at the size

    def add(self, sentence: StoredSentence) -> None:
        """Counts the entities of a sentence."""
        tokens, counts, edges = sentence.tokens, self.counts[sentence.split], self._edges
        outside = [True] * (len(tokens) + 2)  # with one place before, and one after the sentence
        for start, end, _ in sentence.entities:
            outside[start + 1 : end + 1] = [False] * (end - start)
        for start, end, entity_type in sentence.entities:
            text = tokens[start] if end - start == 1 else " ".join(tokens[start:end])
            counts[text, entity_type] += 1
            if start and outside[start]:
                edges[Edge(entity_type, True, False, tokens[start - 1].lower())] += 1
            if end < len(tokens) and outside[end + 1]:
                edges[Edge(entity_type, False, False, tokens[end].lower())] += 1
            if end - start > 1:
                edges[Edge(entity_type, True, True, tokens[start].lower())] += 1
                edges[Edge(entity_type, False, True, tokens[end - 1].lower())] += 1
        self._due -= len(sentence.entities)
        if self._due < 0:
            self._forget()

    def types(self) -> dict[str, Counter[str]]:
        """Returns text -> entities by type, of all splits, for texts with several types."""
        first: dict[str, str] = {}
        several = set()
        for counts in self.counts.values():
            for text, entity_type in counts:
                if first.setdefault(text, entity_type) != entity_type:
                    several.add(text)
        types: dict[str, Counter[str]] = {text: Counter() for text in several}
        for counts in self.counts.values():
            for (text, entity_type), count in counts.items():
                if text in several:
                    types[text][entity_type] += count
        return types

    def totals(self) -> Counter[str]:
        """Returns text -> entities of all splits and types."""
        totals: Counter[str] = Counter()
        for counts in self.counts.values():
            for (text, _), count in counts.items():
                totals[text] += count
        return totals

    def rare_edges(self) -> dict[Edge, tuple[int, int]]:
        """Returns the edges that annotators nearly always draw elsewhere: edge -> (times, times of the other side)."""
        rare = {}
        for edge, count in self._edges.items():
            usual = self._edges.get(edge.other, 0)
            if usual >= _LEAST_EDGE and certainty(usual, usual + count) >= _CERTAIN:
                rare[edge] = count, usual
        return rare

    def _forget(self) -> None:
        size = sum(map(len, self.counts.values()))
        if size > self._most:
            for counts in self.counts.values():
                self.forgotten += _forget_rare(counts)
            size = sum(map(len, self.counts.values()))
        if len(self._edges) > _MOST_EDGES:
            _forget_rare(self._edges)
        self._due = max(self._most - size, self._most // 10, 1)


def _forget_rare(counts: Counter) -> int:
    """Forgets the rarer half of the keys, and returns the sum of their counts."""
    limit = sorted(counts.values())[len(counts) // 2] if counts else 0
    rare = [key for key, count in counts.items() if count <= limit]
    return sum(counts.pop(key) for key in rare)


def edges_of(sentence: StoredSentence) -> Iterator[tuple[Edge, int, int]]:
    """Yields (edge, start, end) of each entity; the tokens are those of the entity with the word."""
    tokens = sentence.tokens
    labelled = {i for start, end, _ in sentence.entities for i in range(start, end)}
    for start, end, entity_type in sentence.entities:
        if start and start - 1 not in labelled:
            yield Edge(entity_type, True, False, tokens[start - 1].lower()), start - 1, end
        if end < len(tokens) and end not in labelled:
            yield Edge(entity_type, False, False, tokens[end].lower()), start, end + 1
        if end - start > 1:
            yield Edge(entity_type, True, True, tokens[start].lower()), start, end
            yield Edge(entity_type, False, True, tokens[end - 1].lower()), start, end
