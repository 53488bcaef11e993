"""Counts of slices, from batches of sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import confusion_counts, entity_counts, sentence_counts
from components.evaluator.counts.custom_metrics import SentenceMetric
from components.evaluator.counts.errors_in_context import confident_errors, merge_errors
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.evaluation import ErrorInContext, Slice


@dataclasses.dataclass
class SliceCounts:
    """Counts of one slice; they add up in any order and grouping.

    Attributes:
        tables: model name -> counts.
        confusions: model name -> confusion matrix; only for all examples.
        errors: the most confident errors of each kind, of one model; only for all examples.
    """

    tables: dict[str, CountTable] = dataclasses.field(default_factory=dict)
    confusions: dict[str, CountTable] = dataclasses.field(default_factory=dict)
    errors: tuple[ErrorInContext, ...] = ()

    def add(self, other: SliceCounts) -> None:
        """Adds the counts of `other`, which stays unchanged."""
        for own, theirs in ((self.tables, other.tables), (self.confusions, other.confusions)):
            for model, table in theirs.items():
                if model in own:
                    own[model].add(table)
                else:
                    own[model] = CountTable(table.columns, table.values.copy())
        if other.errors:
            self.errors = merge_errors([self.errors, other.errors])


def count_slices(
    batches: Mapping[str, TaggedBatch],
    features: Mapping[str, Sequence[Sequence[str]]],
    slicer: Slicer,
    replicates: int,
    show: str,
    metrics: Mapping[str, SentenceMetric] | None = None,
) -> Iterator[tuple[Slice, SliceCounts]]:
    """Counts a batch of sentences once, and splits the counts into slices.

    Args:
        batches: model name -> the same sentences with the predictions of this model; at least one model.
        features: see `Slicer.sentences`.
        slicer: the slicing columns.
        replicates: number of bootstrap replicates.
        show: the model whose errors are kept.
        metrics: custom metrics by name.

    Yields:
        Each slice that is not empty, all examples first.
    """
    first = next(iter(batches.values()))
    weights = draws(first.keys, replicates)
    counted = {model: sentence_counts(batch, metrics) for model, batch in batches.items()}
    yield (
        Slice(),
        SliceCounts(
            {model: CountTable.of(*counts, weights) for model, counts in counted.items()},
            {model: confusion_counts(batch) for model, batch in batches.items()},
            confident_errors(batches[show]),
        ),
    )
    for cut, rows in slicer.sentences(first, features):
        yield (
            cut,
            SliceCounts(
                {m: CountTable.of(names, rows_of[rows], weights[rows]) for m, (names, rows_of) in counted.items()}
            ),
        )
    yield from _entity_slices(batches, slicer, weights)


def _entity_slices(
    batches: Mapping[str, TaggedBatch], slicer: Slicer, weights: np.ndarray
) -> Iterator[tuple[Slice, SliceCounts]]:
    slices: dict[Slice, SliceCounts] = {}
    for model, batch in batches.items():
        for cut, gold, predicted in slicer.entities(batch):
            table = CountTable.of(*entity_counts(batch, gold, predicted), weights)
            slices.setdefault(cut, SliceCounts()).tables[model] = table
    yield from slices.items()
