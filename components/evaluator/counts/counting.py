"""Counts of tagged sentences, one row per sentence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from components.evaluator.counts.count_table import Column, CountTable
from components.evaluator.counts.custom_metrics import SentenceMetric, metric_counts
from components.evaluator.counts.matches import CORRECT
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.model_scores import ERROR_KINDS

NO_TYPE = ""
"""Name of tokens outside entities in confusion columns; no type has this name."""

BINS = 10
"""Number of bins of equal width in which scores are compared with accuracy."""

CUSTOM = "custom"
"""First part of the columns of custom metrics: (`CUSTOM`, name, "numerator" or "denominator")."""

_Chosen = np.ndarray | slice

_BASE: tuple[Column, ...] = (("sentences",), ("tokens",), ("same_ends",), ("same_type",), ("gold_same_type",))
_ONE_TO_ONE: tuple[Column, ...] = (("partial",), ("partial_found",), ("typed",), ("typed_found",))  # of `OneToOne`
_ERRORS: tuple[Column, ...] = tuple(("errors", kind) for kind in ERROR_KINDS)
_TYPED = ("predicted", "gold", "correct", "strict_predicted", "strict_gold", "strict_correct")
_BINNED = ("bin_tokens", "bin_scores", "bin_correct")


class _Counter:
    """Collects (sentence, column, amount) triples and adds them up at once."""

    def __init__(self, sentences: int, columns: tuple[Column, ...]) -> None:
        self._shape = (sentences, len(columns))
        self._index = {column: number for number, column in enumerate(columns)}
        self._cells: list[np.ndarray] = []
        self._amounts: list[np.ndarray] = []

    def add(
        self, column: Column, rows: np.ndarray, amounts: np.ndarray | None = None, offset: np.ndarray | int = 0
    ) -> None:
        """Adds `amounts` (default: 1) in `rows`, `offset` columns to the right of `column`."""
        self._cells.append(rows * self._shape[1] + self._index[column] + offset)
        self._amounts.append(np.ones(len(rows)) if amounts is None else amounts.astype(np.float64))

    def counts(self) -> np.ndarray:
        """Returns the sums: float64 [sentences, columns]."""
        size = self._shape[0] * self._shape[1]
        flat = np.bincount(np.concatenate(self._cells), np.concatenate(self._amounts), minlength=size)
        return flat.reshape(self._shape)


def sentence_counts(
    batch: TaggedBatch, metrics: Mapping[str, SentenceMetric] | None = None
) -> tuple[tuple[Column, ...], np.ndarray]:
    """Counts whole sentences.

    Args:
        batch: the sentences.
        metrics: custom metrics by name.

    Returns:
        Names of the columns, and float64 [sentences, columns].
    """
    columns = (*_entity_columns(batch), ("correct_tokens",))
    if batch.scores is not None:
        columns = (*columns, *((name, str(number)) for name in _BINNED for number in range(BINS)))
    counter = _Counter(len(batch), columns)
    _count_entities(counter, batch, np.s_[:], np.s_[:])
    sentences = np.arange(len(batch))
    counter.add(("sentences",), sentences)
    counter.add(("tokens",), sentences, batch.lengths)
    correct = batch.gold == batch.predicted
    counter.add(("correct_tokens",), batch.rows[correct])
    if batch.scores is not None:
        bins = np.clip(np.ceil(batch.scores * BINS).astype(np.int64) - 1, 0, BINS - 1)
        for name, amounts in zip(_BINNED, (None, batch.scores, correct), strict=True):
            counter.add((name, "0"), batch.rows, amounts, offset=bins)
    counts = counter.counts()
    for name, metric in (metrics or {}).items():
        columns = (*columns, (CUSTOM, name, "numerator"), (CUSTOM, name, "denominator"))
        counts = np.concatenate([counts, metric_counts(batch, name, metric)], axis=1)
    return columns, counts


def entity_counts(batch: TaggedBatch, gold: np.ndarray, predicted: np.ndarray) -> tuple[tuple[Column, ...], np.ndarray]:
    """Counts a subset of the entities.

    Args:
        batch: the sentences.
        gold: bool [gold entities], the subset of the gold entities.
        predicted: bool [predicted entities], the subset of the predicted entities.

    Returns:
        As `sentence_counts`, without the counts of tokens and of custom metrics.
    """
    columns = _entity_columns(batch)
    counter = _Counter(len(batch), columns)
    _count_entities(counter, batch, gold, predicted)
    starts = np.concatenate([batch.gold_entities.starts[gold], batch.predicted_entities.starts[predicted]])
    sentences = np.unique(batch.rows[starts])
    counter.add(("sentences",), sentences)
    counter.add(("tokens",), sentences, batch.lengths[sentences])
    return columns, counter.counts()


def confusion_counts(batch: TaggedBatch) -> CountTable:
    """Counts tokens by gold and predicted type, columns `("confusion", gold, predicted)`, without replicates."""
    names = (NO_TYPE, *batch.vocabulary.type_names)
    gold, predicted = (batch.vocabulary.types(ids) + 1 for ids in (batch.gold, batch.predicted))
    counts = np.bincount(gold * len(names) + predicted, minlength=len(names) ** 2)
    columns = tuple(("confusion", row, column) for row in names for column in names)
    return CountTable(columns, counts[None, :].astype(np.float64))


def _entity_columns(batch: TaggedBatch) -> tuple[Column, ...]:
    # The columns of one measure are adjacent: the index of a type is its offset from the first.
    typed = ((name, entity_type) for name in _TYPED for entity_type in batch.vocabulary.type_names)
    return (*_BASE, *_ONE_TO_ONE, *_ERRORS, *typed)


def _count_entities(counter: _Counter, batch: TaggedBatch, gold: _Chosen, predicted: _Chosen) -> None:
    matches = batch.matches
    rows, types = batch.rows[batch.gold_entities.starts][gold], batch.gold_entities.types[gold]
    strict = batch.gold_entities.strict[gold]
    errors = matches.gold_errors[gold]
    counter.add(("gold_same_type",), rows[matches.gold_same_type[gold]])
    counter.add(("partial_found",), rows, batch.one_to_one.partial_found[gold])
    counter.add(("typed_found",), rows, batch.one_to_one.typed_found[gold])
    counter.add(("errors", ERROR_KINDS[0]), rows[errors != CORRECT], offset=errors[errors != CORRECT])
    _count_typed(counter, batch, {"gold": (rows, types), "strict_gold": (rows[strict], types[strict])})
    rows, types = batch.rows[batch.predicted_entities.starts][predicted], batch.predicted_entities.types[predicted]
    strict, errors = batch.predicted_entities.strict[predicted], matches.predicted_errors[predicted]
    counter.add(("same_ends",), rows[matches.same_ends[predicted]])
    counter.add(("same_type",), rows[matches.same_type[predicted]])
    counter.add(("partial",), rows, batch.one_to_one.partial[predicted])
    counter.add(("typed",), rows, batch.one_to_one.typed[predicted])
    counter.add(("errors", ERROR_KINDS[0]), rows[errors != CORRECT], offset=errors[errors != CORRECT])
    correct, strict_correct = matches.correct[predicted], matches.strict_correct[predicted]
    chosen: dict[str, _Chosen] = {
        "predicted": np.s_[:],
        "strict_predicted": strict,
        "correct": correct,
        "strict_correct": strict_correct,
    }
    _count_typed(counter, batch, {name: (rows[which], types[which]) for name, which in chosen.items()})


def _count_typed(counter: _Counter, batch: TaggedBatch, counted: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    names = batch.vocabulary.type_names
    if names:
        for measure, (rows, types) in counted.items():
            counter.add((measure, names[0]), rows, offset=types)
