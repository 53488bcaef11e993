"""Selection of the most confident errors for the report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.matches import CORRECT
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.evaluation import ErrorInContext, MarkedSpan
from components.evaluator.results.model_scores import ERROR_KINDS

MOST = 20
"""Number of errors shown, and number of errors of each kind kept while counting."""

_SHARE = MOST // len(ERROR_KINDS)
"""Number reserved for each kind. By confidence alone, missed entities, mostly tagged O, would fill the list."""


class _Candidate(NamedTuple):
    """An error: its entity in the tokens of the batch, and the index of its kind."""

    confidence: float
    row: int
    start: int
    end: int
    kind: int


def confident_errors(batch: TaggedBatch) -> tuple[ErrorInContext, ...]:
    """Returns the most confident errors of each kind in a batch; none if the model returns no scores."""
    if batch.scores is None:
        return ()
    candidates: list[_Candidate] = []
    sides = (
        (batch.predicted_entities, batch.matches.predicted_errors),
        (batch.gold_entities, batch.matches.gold_errors),
    )
    for entities, kinds in sides:
        wrong = np.flatnonzero(kinds != CORRECT)
        starts, ends = entities.starts[wrong], entities.ends[wrong]
        confidence = span_means(batch.scores, starts, ends)
        columns = (confidence, batch.rows[starts], starts, ends, kinds[wrong])
        candidates += map(_Candidate, *(column.tolist() for column in columns))
    candidates.sort(key=lambda each: (-each.confidence, batch.keys[each.row], each.start))
    chosen: dict[int, dict[str, _Candidate]] = {kind: {} for kind in range(len(ERROR_KINDS))}
    for each in candidates:
        of_kind = chosen[each.kind]
        if len(of_kind) < MOST:
            of_kind.setdefault(batch.texts[each.row], each)
    return tuple(_in_context(batch, each) for of_kind in chosen.values() for each in of_kind.values())


def merge_errors(groups: Iterable[Iterable[ErrorInContext]]) -> tuple[ErrorInContext, ...]:
    """Returns the most confident errors of each kind of several groups, at most one per text.

    The result does not depend on the order and the grouping.
    """
    best: dict[str, dict[tuple[str, ...], ErrorInContext]] = {kind: {} for kind in ERROR_KINDS}
    for error in sorted((error for group in groups for error in group), key=_order):
        of_kind = best[error.kind]
        if len(of_kind) < MOST:
            of_kind.setdefault(error.tokens, error)
    return tuple(error for of_kind in best.values() for error in of_kind.values())


def select_errors(errors: Iterable[ErrorInContext]) -> tuple[ErrorInContext, ...]:
    """Selects errors to show: at most one per text, some of every kind, the most confident first.

    Each kind has its reserved number, and the kinds with the fewest errors choose first; the rest goes by confidence.
    """
    ordered = sorted(errors, key=_order)
    by_kind = [[error for error in ordered if error.kind == kind] for kind in ERROR_KINDS]
    shown: dict[tuple[str, ...], ErrorInContext] = {}
    for of_kind in sorted(filter(None, by_kind), key=lambda of_kind: (len(of_kind), _order(of_kind[0]))):
        new = [error for error in of_kind if error.tokens not in shown]
        shown |= {error.tokens: error for error in new[:_SHARE]}
    for error in ordered:
        if len(shown) == MOST:
            break
        shown.setdefault(error.tokens, error)
    return tuple(sorted(shown.values(), key=_order))


def _order(error: ErrorInContext) -> tuple[float, str, int]:
    return -error.confidence, error.key, error.start


def _in_context(batch: TaggedBatch, error: _Candidate) -> ErrorInContext:
    row = error.row
    offset = int(batch.offsets[row])
    return ErrorInContext(
        kind=ERROR_KINDS[error.kind],
        confidence=error.confidence,
        key=batch.keys[row],
        tokens=tuple(batch.texts[row].split(" ")),
        gold=marked_spans(batch, batch.gold_entities, row, None),
        predicted=marked_spans(batch, batch.predicted_entities, row, batch.scores),
        start=error.start - offset,
        end=error.end - offset,
    )


def marked_spans(batch: TaggedBatch, entities: Entities, row: int, scores: np.ndarray | None) -> tuple[MarkedSpan, ...]:
    """Returns entities of one sentence, to display.

    Args:
        batch: the sentences.
        entities: its gold or its predicted entities.
        row: the sentence.
        scores: float [tokens], probability of each predicted tag; None for gold.
    """
    first = int(batch.offsets[row])
    low, high = np.searchsorted(entities.starts, [first, first + int(batch.lengths[row])])
    starts, ends = entities.starts[low:high], entities.ends[low:high]
    names = [batch.vocabulary.type_names[number] for number in entities.types[low:high]]
    means = [None] * len(starts) if scores is None else span_means(scores, starts, ends).tolist()
    spans = zip(names, (starts - first).tolist(), (ends - first).tolist(), means, strict=True)
    return tuple(MarkedSpan(*span) for span in spans)


def span_means(scores: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Returns the mean score of each span: float64 [spans].

    Running sums would round depending on the tokens before.

    Args:
        scores: float [tokens].
        starts: int [spans], first token of each; they ascend, and spans do not overlap.
        ends: int [spans], token after the last.
    """
    cuts = np.stack([starts, ends], axis=1).reshape(-1)  # every second sum is between spans
    sums = np.add.reduceat(np.append(scores, 0.0), cuts)[::2] if len(cuts) else np.zeros(0)
    return sums / (ends - starts)
