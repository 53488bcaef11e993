"""Texts that are labelled in one place and not, or otherwise, in another: the second and third reading."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from components.common.errors import counted
from components.corpus_tools.check.finding import Finding, Item, Severity, certainty
from components.corpus_tools.check.labelled_texts import Edge, LabelledTexts, edges_of
from components.corpus_tools.check.store import OUTSIDE, SentenceStore, StoredSentence, labelled_place
from components.keys import TRAIN_SPLIT
from components.text.scripts import join_as_written

PARTLY, IN_NAME = "partly", "in a name"
"""Readings of a text that is labelled elsewhere: parts of it are entities; outside, perhaps in a longer name.

The other reading is `OUTSIDE`."""

_LEAST_LABELLED = 3  # labels of a word that make one without suspicious; of several words it is one less
_LEAST_OUTSIDE = 20  # times without a label that make a label suspicious
_LIKELY = 0.5  # certainty of a likely mistake
_SPURIOUS = 0.9
_NAME = 0.6  # certainty left if each place is perhaps in a longer name, as in London Fashion Week
_QUOTES = ('"', "'", "`", "«", "»", "„", "“", "”", "‘", "’")
_PLACES, _MOST_ITEMS = 5, 1000
_LONGEST = 12  # tokens of a text


class _Occurrence(NamedTuple):
    """A text in a sentence.

    Attributes:
        number: number of the sentence.
        start: index of the first token.
        end: index after the last one.
    """

    number: int
    start: int
    end: int


class _Case(NamedTuple):
    """A text or an edge that is probably labelled wrongly in some places.

    Attributes:
        certainty: lower bound of the share of the usual reading.
        subject: the text.
        detail: the counts.
        times: number of the unusual places.
        exact: labels that the unusual places have; empty if the places are known.
        places: the unusual places.
    """

    certainty: float
    subject: str
    detail: str
    times: int
    exact: tuple[str, ...]
    places: list[_Occurrence]


_KINDS = {
    "missing_label": (
        "Likely missing labels",
        "text",
        "Label the text in these places, or remove the label elsewhere.",
    ),
    "label_conflict": (
        "Same text, different labels",
        "text",
        "Check the rarer label of each text; some texts have two meanings.",
    ),
    "boundary": ("Different boundaries in the same words", "text", "Draw the entity around the same words everywhere."),
    "edge_word": (
        "Words that are rarely inside an entity, or rarely outside",
        "word",
        "Decide whether the word is part of the entity, and correct the exceptions.",
    ),
    "spurious_label": ("Labels of texts that nearly always have none", "text", "Check the label in these places."),
}


class Occurrences:
    """Occurrences of the labelled texts.

    Attributes:
        known: split -> entities that occur in the training data with the same text and type.
    """

    def __init__(self, texts: LabelledTexts) -> None:
        """Takes the labelled texts."""
        self._types = texts.types()
        self._totals = texts.totals()
        self._rare = texts.rare_edges()
        self._train = texts.counts.get(TRAIN_SPLIT, Counter())
        self._names = {text: name for counts in texts.counts.values() for text, name in counts}
        self.known: Counter[str] = Counter()
        lengths: dict[str, set[int]] = {}
        for text in self._totals:
            tokens = text.split(" ")
            if len(tokens) <= _LONGEST:
                lengths.setdefault(tokens[0], set()).add(len(tokens))
        self._lengths = {first: tuple(sorted(several)) for first, several in lengths.items()}
        self._counts: Counter[tuple[str, str]] = Counter()  # (text, reading)
        self._places: dict[tuple[str, str], list[_Occurrence]] = {}
        self._edge_places: dict[Edge, list[_Occurrence]] = {edge: [] for edge in self._rare}
        self._cases: dict[str, list[_Case]] = {}
        self._sums: Counter[str] = Counter()

    def add(self, number: int, sentence: StoredSentence) -> None:
        """Looks for the texts in a sentence."""
        tokens, entities = sentence.tokens, sentence.entities
        if sentence.split != TRAIN_SPLIT:
            for start, end, name in entities:
                self.known[sentence.split] += (" ".join(tokens[start:end]), name) in self._train
        if entities and self._rare:
            for edge, start, end in edges_of(sentence):
                if edge in self._rare and len(self._edge_places[edge]) < _PLACES:
                    self._edge_places[edge].append(_Occurrence(number, start, end))
        owners: list[int] | None = None
        size = len(tokens)
        for start, token in enumerate(tokens):
            lengths = self._lengths.get(token)
            if lengths is None:
                continue
            for length in lengths:
                end = start + length
                if end > size:
                    break
                text = token if length == 1 else " ".join(tokens[start:end])
                if text not in self._totals:
                    continue
                reading = OUTSIDE
                if entities:
                    if owners is None:
                        owners = _owners(sentence)
                    reading = _reading(entities, owners, start, end)
                if reading == OUTSIDE and _is_in_name(tokens, start, end):
                    reading = IN_NAME
                if reading:
                    self._counts[text, reading] += 1
                    places = self._places.setdefault((text, reading), [])
                    if len(places) < _PLACES:
                        places.append(_Occurrence(number, start, end))

    def finish(self, store: SentenceStore) -> list[int]:
        """Ranks the cases, and returns the numbers of the sentences that the findings show."""
        edges = (
            _Case(certainty(usual, usual + count), *_edge_text(edge, count, usual), count, (), self._edge_places[edge])
            for edge, (count, usual) in self._rare.items()
        )
        self._keep("missing_label", self._missing())
        self._keep("label_conflict", self._conflicts())
        self._keep("boundary", self._boundaries())
        self._keep("edge_word", edges)
        self._keep("spurious_label", self._spurious())
        self._find_exact(store)
        return [place.number for cases in self._cases.values() for case in cases for place in case.places]

    def findings(self, sentences: dict[int, StoredSentence]) -> Iterator[Finding]:
        """Yields the findings; `sentences` has those that `finish` returned."""
        for kind, cases in self._cases.items():
            if not cases:
                continue
            items = []
            for case in cases:
                places = tuple(labelled_place(sentences[place.number], place.start, place.end) for place in case.places)
                subject, _ = join_as_written(case.subject.split(" "))
                items.append(Item(subject, case.detail, places, case.times))
            severity = Severity.WARNING if cases[0].certainty >= _LIKELY else Severity.NOTE
            title, noun, fix = _KINDS[kind]
            title = f"{title}: {counted(self._sums[kind], noun)}"
            yield Finding(kind, severity, title, fix, tuple(items), self._sums[kind])

    def _keep(self, kind: str, cases: Iterable[_Case]) -> None:
        cases = list(cases)
        self._sums[kind] = len(cases)
        self._cases[kind] = heapq.nsmallest(_MOST_ITEMS, cases, key=lambda case: (-case.certainty, case.subject))

    def _outside(self) -> Iterator[tuple[str, int, int, int]]:
        """Yields (text, labels, times outside, times outside and not in a longer name)."""
        for text, reading in self._counts:
            names = self._counts.get((text, IN_NAME), 0)
            if reading == OUTSIDE or (reading == IN_NAME and (text, OUTSIDE) not in self._counts):
                plain = self._counts.get((text, OUTSIDE), 0)
                yield text, self._totals[text], plain + names, plain

    def _missing(self) -> Iterator[_Case]:
        for text, labelled, count, plain in self._outside():
            least = _LEAST_LABELLED - (" " in text)
            if count <= labelled and labelled >= least and any(map(str.isalnum, text)):
                likely = certainty(labelled, labelled + count) * (_NAME + (1 - _NAME) * plain / count)
                places = [*self._places.get((text, OUTSIDE), ()), *self._places.get((text, IN_NAME), ())][:_PLACES]
                yield _Case(likely, text, f"{self._labels(text)}, outside {count:,}", count, (), places)

    def _spurious(self) -> Iterator[_Case]:
        for text, labelled, count, _ in self._outside():
            likely = certainty(count, labelled + count)
            if count >= _LEAST_OUTSIDE and likely >= _SPURIOUS:
                detail = f"{self._labels(text)}, outside {count:,}"
                yield _Case(likely, text, detail, labelled, tuple(self._labels_of(text)), [])

    def _conflicts(self) -> Iterator[_Case]:
        for text, types in self._types.items():
            most = types.most_common(1)[0]
            rest = tuple(name for name in types if name != most[0])
            likely = certainty(most[1], types.total())
            yield _Case(likely, text, self._labels(text), types.total() - most[1], rest, [])

    def _boundaries(self) -> Iterator[_Case]:
        for (text, reading), count in self._counts.items():
            if reading != PARTLY:
                continue
            whole = self._totals[text]
            detail = f"whole {whole:,}, in part {count:,}"
            if count <= whole:
                yield _Case(certainty(whole, whole + count), text, detail, count, (), self._places[text, reading])
            else:
                likely = certainty(count, whole + count)
                yield _Case(likely, text, detail, whole, tuple(self._labels_of(text)), [])

    def _labels_of(self, text: str) -> Counter[str]:
        return self._types.get(text) or Counter({self._names[text]: self._totals[text]})

    def _labels(self, text: str) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in self._labels_of(text).most_common())

    def _find_exact(self, store: SentenceStore) -> None:
        """Finds the places of cases that are about labels."""
        searched: dict[tuple[str, str], list[list[_Occurrence]]] = defaultdict(list)
        for cases in self._cases.values():
            for case in cases:
                for name in case.exact:
                    searched[case.subject, name].append(case.places)
        if not searched:
            return
        firsts = {text.partition(" ")[0] for text, _ in searched}
        for number, sentence in enumerate(store):
            for start, end, name in sentence.entities:
                if sentence.tokens[start] in firsts:
                    for places in searched.get((" ".join(sentence.tokens[start:end]), name), ()):
                        if len(places) < _PLACES:
                            places.append(_Occurrence(number, start, end))


def _owners(sentence: StoredSentence) -> list[int]:
    """Returns the entity of each token, or -1."""
    owners = [-1] * len(sentence.tokens)
    for i, (start, end, _) in enumerate(sentence.entities):
        owners[start:end] = [i] * (end - start)
    return owners


def _reading(entities: tuple[tuple[int, int, str], ...], owners: list[int], start: int, end: int) -> str:
    """Returns the reading of a part of a sentence; empty if it is an entity, or inside one, or crosses one."""
    part = owners[start:end]
    touched = {owner for owner in part if owner >= 0}
    if not touched:
        return OUTSIDE
    for owner in touched:
        first, last, _ = entities[owner]
        if first < start or last > end or (first == start and last == end):
            return ""
    return PARTLY


def _is_in_name(tokens: tuple[str, ...], start: int, end: int) -> bool:
    """Returns whether the text may be part of a name or title, or another word with a capital.

    It is if a capitalized word or a quotation mark is next to it, or if it is the first word of the sentence.
    """
    if start == 0 and end == 1:
        return True
    before = tokens[start - 1][0] if start else ""
    after = tokens[end][0] if end < len(tokens) else ""
    # A sentence begins with a capital, which says nothing about the word.
    return (start > 1 and before.isupper()) or after.isupper() or before in _QUOTES or after in _QUOTES


def _edge_text(edge: Edge, count: int, usual: int) -> tuple[str, str]:
    """Returns subject and detail of an edge."""
    inside, outside = (count, usual) if edge.inside else (usual, count)
    side = "before" if edge.first else "after"
    return edge.word, f"{'first' if edge.first else 'last'} in {edge.type} {inside:,}, {side} it {outside:,}"
