"""Counts behind the insights: scores of entities, errors by text, and the floor. They add up in any order."""

from __future__ import annotations

import dataclasses
import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.errors_in_context import span_means
from components.evaluator.counts.matches import CORRECT
from components.evaluator.counts.slicing import entity_texts
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.insights import (
    MOST_INCONSISTENT,
    MOST_MISTAKES,
    InconsistentLabel,
    Insights,
    Mistake,
    Shares,
    ThresholdScores,
)
from components.evaluator.results.model_scores import ERROR_KINDS

STEPS = 100
"""Number of thresholds between 0 and 1."""

_PLACES = 3  # of a mistake
_BOUNDARY = ERROR_KINDS.index("boundary")
_SPURIOUS = ERROR_KINDS.index("spurious")
_Text = tuple[str, str, str, str, str]  # kind, gold text and type, predicted text and type


@dataclasses.dataclass
class InsightCounts:
    """Counts of one model on all examples.

    Attributes:
        gold: number of gold entities.
        kept: number of predicted entities by score: element i counts those from i / `STEPS` on; empty without scores.
        correct: the correct ones of them.
        floor: numbers of correct and of predicted entities of the floor; empty without training data.
        mistakes: kind, gold text and type, predicted text and type -> count, and the first keys of sentences.
    """

    gold: int = 0
    kept: list[int] = dataclasses.field(default_factory=list)
    correct: list[int] = dataclasses.field(default_factory=list)
    floor: list[int] = dataclasses.field(default_factory=list)
    mistakes: dict[_Text, tuple[int, tuple[str, ...]]] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, batch: TaggedBatch) -> InsightCounts:
        """Counts a batch."""
        counts = cls(gold=len(batch.gold_entities))
        if batch.scores is not None:
            entities = batch.predicted_entities
            means = span_means(batch.scores, entities.starts, entities.ends)
            bins = np.clip(np.floor(means * STEPS + 1e-6).astype(np.int64), 0, STEPS - 1)
            counts.kept = _at_least(bins)
            counts.correct = _at_least(bins[batch.matches.correct])
        if batch.floor is not None:
            floor = dataclasses.replace(batch, predicted=batch.floor, scores=None, floor=None)
            counts.floor = [int(floor.matches.correct.sum()), len(floor.predicted_entities)]
        for text, key in _mistakes(batch):
            counts._add_mistake(text, 1, (key,))
        return counts

    def add(self, other: InsightCounts) -> None:
        """Adds the counts of `other`, which stays unchanged."""
        self.gold += other.gold
        self.kept, self.correct = _summed(self.kept, other.kept), _summed(self.correct, other.correct)
        self.floor = _summed(self.floor, other.floor)
        for text, (count, keys) in other.mistakes.items():
            self._add_mistake(text, count, keys)

    def to_json(self) -> bytes:
        """Serializes the counts; JSON has no tuples as keys."""
        mistakes = [[*text, count, list(keys)] for text, (count, keys) in self.mistakes.items()]
        return json.dumps({**vars(self), "mistakes": mistakes}, ensure_ascii=False).encode("utf-8", "surrogateescape")

    @classmethod
    def from_json(cls, content: bytes) -> InsightCounts:
        """Reads the output of `to_json`."""
        values = json.loads(content.decode("utf-8", "surrogateescape"))
        mistakes = {tuple(text): (count, tuple(keys)) for *text, count, keys in values["mistakes"]}
        return cls(**{**values, "mistakes": mistakes})

    @property
    def keys(self) -> set[str]:
        """Keys of the sentences that mistakes name."""
        return {key for _, keys in self.mistakes.values() for key in keys}

    def errors_by_text(self) -> Counter[str]:
        """Returns the number of errors by the text of the gold or predicted entity."""
        by_text: Counter[str] = Counter()
        for (_, gold, _, predicted, _), (count, _) in self.mistakes.items():
            by_text.update(dict.fromkeys({gold, predicted} - {""}, count))
        return by_text

    def insights(
        self,
        inconsistent: Sequence[InconsistentLabel] = (),
        places: Mapping[str, str] | None = None,
        not_compared: int = 0,
    ) -> Insights:
        """Returns the insights.

        Args:
            inconsistent: contradicting labels of the training data, ranked.
            places: key -> `file:line`; a key that is missing names itself.
            not_compared: number of entity texts of the training data whose labels were not compared.
        """
        at = places or {}
        mistakes = [Mistake(*text, count, _located(keys, at)) for text, (count, keys) in self.mistakes.items()]
        by_type: dict[str, Counter[str]] = {}
        for mistake in mistakes:
            by_type.setdefault(mistake.type, Counter())[mistake.kind] += mistake.count
        resolved = []
        for row in inconsistent[:MOST_INCONSISTENT]:
            labels = (dataclasses.replace(label, places=_located(label.places, at)) for label in row.labels)
            resolved.append(dataclasses.replace(row, labels=tuple(labels)))
        return Insights(
            floor=Shares.of(self.floor[0], self.floor[1], self.gold) if self.floor else None,
            thresholds=tuple(
                ThresholdScores(step / STEPS, Shares.of(correct, kept, self.gold), kept)
                for step, (correct, kept) in enumerate(zip(self.correct, self.kept, strict=True))
            ),
            errors_by_type={kind: dict(by_type[kind]) for kind in sorted(by_type)},
            mistakes=tuple(heapq.nsmallest(MOST_MISTAKES, mistakes, key=_order)),
            different_mistakes=len(mistakes),
            inconsistent=tuple(resolved),
            different_inconsistent=len(inconsistent),
            not_compared=not_compared,
        )

    def _add_mistake(self, text: _Text, count: int, keys: Iterable[str]) -> None:
        before, known = self.mistakes.get(text, (0, ()))
        self.mistakes[text] = before + count, tuple(sorted({*known, *keys})[:_PLACES])


def _located(keys: Iterable[str], at: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the places of keys, by file and line."""

    def order(place: str) -> tuple[str, int, str]:
        file, _, line = place.rpartition(":")
        return (file, int(line), "") if line.isdecimal() else (file, 0, line)

    return tuple(sorted((at.get(key, key) for key in keys), key=order))


def _order(mistake: Mistake) -> tuple[int, str, str, str, str, str]:
    texts = (mistake.gold_text, mistake.predicted_text, mistake.kind, mistake.gold_type, mistake.predicted_type)
    return -mistake.count, *texts


def _at_least(bins: np.ndarray) -> list[int]:
    """Returns for each bin the number of elements in it or in a higher one."""
    return np.cumsum(np.bincount(bins, minlength=STEPS)[::-1])[::-1].tolist()


def _summed(ours: list[int], theirs: list[int]) -> list[int]:
    return [a + b for a, b in zip(ours, theirs, strict=True)] if ours and theirs else list(ours or theirs)


def _mistakes(batch: TaggedBatch) -> Iterator[tuple[_Text, str]]:
    """Yields each error with its texts and types, and the key of its sentence."""
    gold, predicted, matches = batch.gold_entities, batch.predicted_entities, batch.matches
    wrong = np.flatnonzero(matches.predicted_errors != CORRECT)
    missed = np.flatnonzero(matches.gold_errors != CORRECT)
    kinds = matches.predicted_errors[wrong].tolist()
    partners = [
        -1 if kind == _SPURIOUS else _partner(batch, number, same_type=kind == _BOUNDARY)
        for number, kind in zip(wrong.tolist(), kinds, strict=True)
    ]
    paired = np.array([partner for partner in partners if partner >= 0], np.int64)
    gold_sides = iter(_texts(batch, gold, paired))
    for kind, partner, (text, type_, key) in zip(kinds, partners, _texts(batch, predicted, wrong), strict=True):
        gold_text, gold_type, _ = next(gold_sides) if partner >= 0 else ("", "", "")
        yield (ERROR_KINDS[kind], gold_text, gold_type, text, type_), key
    for text, type_, key in _texts(batch, gold, missed):
        yield ("missed", text, type_, "", ""), key


def _partner(batch: TaggedBatch, number: int, *, same_type: bool) -> int:
    """Returns the first gold entity that a predicted one overlaps, with `same_type` one of its type."""
    predicted, gold = batch.predicted_entities, batch.gold_entities
    overlapped = gold.of_token[predicted.starts[number] : predicted.ends[number]]
    overlapped = overlapped[overlapped >= 0]
    if same_type:
        overlapped = overlapped[gold.types[overlapped] == predicted.types[number]]
    return int(overlapped[0])


def _texts(batch: TaggedBatch, entities: Entities, chosen: np.ndarray) -> list[tuple[str, str, str]]:
    """Returns text, type and key of the sentence of some entities."""
    part = dataclasses.replace(
        entities,
        starts=entities.starts[chosen],
        ends=entities.ends[chosen],
        types=entities.types[chosen],
        strict=entities.strict[chosen],
    )
    names, rows = batch.vocabulary.type_names, batch.rows[part.starts].tolist()
    texts = entity_texts(batch, part)
    return [
        (text, names[type_], batch.keys[row]) for text, type_, row in zip(texts, part.types.tolist(), rows, strict=True)
    ]
