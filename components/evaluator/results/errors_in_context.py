"""The most confident errors, to be looked at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.matches import RIGHT
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.evaluation import ERROR_KINDS, ErrorInContext, MarkedSpan

MOST = 20
"""How many are shown, and how many of each kind are kept until everything has been counted."""

_SHARE = MOST // len(ERROR_KINDS)
"""How many places each kind has for sure. By confidence alone missed entities, which are mostly O, take them all."""


def confident_errors(batch: TaggedBatch) -> tuple[ErrorInContext, ...]:
    """The most confident errors of each kind in a batch; none where the model gives no scores."""
    if batch.scores is None:
        return ()
    found: list[tuple[float, int, int, int, int]] = []  # -confidence, sentence, start, end, kind
    errors = (
        (batch.predicted_entities, batch.matches.predicted_errors),
        (batch.gold_entities, batch.matches.gold_errors),
    )
    for entities, kinds in errors:
        wrong = np.flatnonzero(kinds != RIGHT)
        starts, ends = entities.starts[wrong], entities.ends[wrong]
        confidence = _means(batch.scores, starts, ends)
        columns = (-confidence, batch.rows[starts], starts, ends, kinds[wrong])
        found += zip(*(column.tolist() for column in columns), strict=True)
    found.sort(key=lambda each: (each[0], batch.keys[each[1]], each[2]))
    chosen: dict[int, dict[str, tuple[float, int, int, int, int]]] = {kind: {} for kind in range(len(ERROR_KINDS))}
    for each in found:
        of_kind = chosen[each[4]]
        if len(of_kind) < MOST:
            of_kind.setdefault(batch.texts[each[1]], each)
    return tuple(_error(batch, *each) for of_kind in chosen.values() for each in of_kind.values())


def merge_errors(groups: Iterable[Iterable[ErrorInContext]]) -> tuple[ErrorInContext, ...]:
    """The most confident of each kind of several groups; a text that occurs again counts once.

    The order of groups, and in what steps they are merged, is no matter.
    """
    best: dict[str, dict[tuple[str, ...], ErrorInContext]] = {kind: {} for kind in ERROR_KINDS}
    for error in sorted((error for group in groups for error in group), key=_order):
        of_kind = best[error.kind]
        if len(of_kind) < MOST:
            of_kind.setdefault(error.tokens, error)
    return tuple(error for of_kind in best.values() for error in of_kind.values())


def shown_errors(errors: Iterable[ErrorInContext]) -> tuple[ErrorInContext, ...]:
    """What is shown of merged errors: at most one of a text, some of every kind, the most confident first.

    Each kind has its share of the places, those with the fewest errors choose first. What is left goes by confidence.
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


def _error(batch: TaggedBatch, less: float, row: int, start: int, end: int, kind: int) -> ErrorInContext:
    offset = int(batch.offsets[row])
    return ErrorInContext(
        kind=ERROR_KINDS[kind],
        confidence=-less,
        key=batch.keys[row],
        tokens=tuple(batch.texts[row].split(" ")),
        gold=_spans(batch, batch.gold_entities, row, None),
        predicted=_spans(batch, batch.predicted_entities, row, batch.scores),
        start=start - offset,
        end=end - offset,
    )


def _spans(batch: TaggedBatch, entities: Entities, row: int, scores: np.ndarray | None) -> tuple[MarkedSpan, ...]:
    first = int(batch.offsets[row])
    low, high = np.searchsorted(entities.starts, [first, first + int(batch.lengths[row])])
    starts, ends = entities.starts[low:high], entities.ends[low:high]
    names = [batch.vocabulary.type_names[number] for number in entities.types[low:high]]
    means = [None] * len(starts) if scores is None else _means(scores, starts, ends).tolist()
    spans = zip(names, (starts - first).tolist(), (ends - first).tolist(), means, strict=True)
    return tuple(MarkedSpan(*span) for span in spans)


def _means(scores: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Mean score from each start to its end; not by running sums, whose rounding depends on what stands before."""
    cuts = np.stack([starts, ends], axis=1).reshape(-1)  # the sums between spans are left out
    sums = np.add.reduceat(np.append(scores, 0.0), cuts)[::2] if len(cuts) else np.zeros(0)
    return sums / (ends - starts)
