"""Sentences that two models tag differently."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from components.evaluator.counts.errors_in_context import marked_spans
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.evaluation import MarkedSpan

SHOWN = 20
"""Number of sentences of each outcome that are listed."""

Outcome = Literal["fixed", "broken", "changed"]


@dataclasses.dataclass(frozen=True)
class ChangedSentence:
    """A sentence that two models tag differently.

    Attributes:
        outcome: "fixed" (only the new model has no wrong tag), "broken" (only the other one), or "changed" (neither).
        key: key of the sentence.
        tokens: its gold tokens.
        gold: its gold entities.
        before: entities of the other model.
        after: entities of the new model.
        start: first token with a different tag.
        end: index after the last one.
    """

    outcome: Outcome
    key: str
    tokens: tuple[str, ...]
    gold: tuple[MarkedSpan, ...]
    before: tuple[MarkedSpan, ...]
    after: tuple[MarkedSpan, ...]
    start: int
    end: int


@dataclasses.dataclass
class ChangedSentences:
    """Numbers of changed sentences, and the first ones.

    Attributes:
        fixed: number of sentences that only the new model tags without error.
        broken: number of those that only the other model does.
        changed: number of those that both tag wrongly, in different ways.
        sentences: the first `SHOWN` of each outcome, in the order of the corpus.
    """

    fixed: int = 0
    broken: int = 0
    changed: int = 0
    sentences: list[ChangedSentence] = dataclasses.field(default_factory=list)

    @property
    def total(self) -> int:
        """Number of sentences with a different tag."""
        return self.fixed + self.broken + self.changed

    def of(self, outcome: Outcome) -> list[ChangedSentence]:
        """Returns the listed sentences of an outcome."""
        return [sentence for sentence in self.sentences if sentence.outcome == outcome]

    def add(self, before: TaggedBatch, after: TaggedBatch) -> None:
        """Adds a batch, tagged by both models."""
        different = np.flatnonzero(before.predicted != after.predicted)
        rows = np.unique(before.rows[different])
        wrong_before, wrong_after = (
            np.isin(rows, batch.rows[batch.gold != batch.predicted]) for batch in (before, after)
        )
        self.fixed += int(np.count_nonzero(~wrong_after))
        self.broken += int(np.count_nonzero(~wrong_before))
        self.changed += int(np.count_nonzero(wrong_before & wrong_after))
        for row, is_fixed, is_broken in zip(rows.tolist(), ~wrong_after, ~wrong_before, strict=True):
            outcome: Outcome = "fixed" if is_fixed else "broken" if is_broken else "changed"
            if len(self.of(outcome)) < SHOWN:
                places = different[before.rows[different] == row] - before.offsets[row]
                self.sentences.append(
                    ChangedSentence(
                        outcome=outcome,
                        key=before.keys[row],
                        tokens=tuple(before.texts[row].split(" ")),
                        gold=marked_spans(before, before.gold_entities, row, None),
                        before=marked_spans(before, before.predicted_entities, row, before.scores),
                        after=marked_spans(after, after.predicted_entities, row, after.scores),
                        start=int(places[0]),
                        end=int(places[-1]) + 1,
                    )
                )
