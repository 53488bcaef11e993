"""Counts of slices, from batches of sentences, and the scores that follow from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import Column, CountTable
from components.evaluator.counts.counting import confusion_counts, entity_counts, sentence_counts
from components.evaluator.counts.custom_metrics import SentenceMetric
from components.evaluator.counts.errors_in_context import confident_errors, merge_errors, select_errors
from components.evaluator.counts.insight_counts import InsightCounts
from components.evaluator.counts.scoring import changes, scores
from components.evaluator.counts.slicing import Slicer, slice_order
from components.evaluator.counts.tagged_batch import RetokenizedSentences, TaggedBatch
from components.evaluator.results.evaluation import Comparison, EndToEnd, ErrorInContext, Slice

END_TO_END = "end to end"
"""Name in `SliceCounts.tables` of the counts on raw text, as served, of the model whose errors are kept."""

RETOKENIZED, LOST = ("retokenized",), ("lost",)
"""Columns of that table: sentences that the model cuts into other tokens, and gold entities that it cannot cut out."""


@dataclasses.dataclass
class SliceCounts:
    """Counts of one slice; they add up in any order and grouping.

    Attributes:
        tables: model name -> counts; for all examples also those of `END_TO_END`.
        confusions: model name -> confusion matrix; only for all examples.
        errors: the most confident errors of each kind, of one model; only for all examples.
        insights: counts behind the insights, of the same model; only for all examples.
    """

    tables: dict[str, CountTable] = dataclasses.field(default_factory=dict)
    confusions: dict[str, CountTable] = dataclasses.field(default_factory=dict)
    errors: tuple[ErrorInContext, ...] = ()
    insights: InsightCounts | None = None

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
        if other.insights is not None:
            self.insights = self.insights or InsightCounts()
            self.insights.add(other.insights)


def count_slices(
    batches: Mapping[str, TaggedBatch],
    features: Mapping[str, Sequence[Sequence[str]]],
    slicer: Slicer,
    replicates: int,
    candidate: str,
    metrics: Mapping[str, SentenceMetric] | None = None,
) -> Iterator[tuple[Slice, SliceCounts]]:
    """Counts a batch of sentences once, and splits the counts into slices.

    Args:
        batches: model name -> the same sentences with the predictions of this model; at least one model.
        features: see `Slicer.sentences`.
        slicer: the slicing columns.
        replicates: number of bootstrap replicates.
        candidate: the model whose errors, insights and end-to-end counts are kept.
        metrics: custom metrics by name.

    Yields:
        Each slice that is not empty, all examples first.
    """
    first = next(iter(batches.values()))
    weights = draws(first.keys, replicates)
    counted = {model: sentence_counts(batch, metrics) for model, batch in batches.items()}
    tables = {model: CountTable.of(*counts, weights) for model, counts in counted.items()}
    if (retokenized := batches[candidate].retokenized) is not None:
        tables[END_TO_END] = (
            tables[candidate] if retokenized.batch is None else _end_to_end(retokenized, *counted[candidate], weights)
        )
    yield (
        Slice(),
        SliceCounts(
            tables,
            {model: confusion_counts(batch) for model, batch in batches.items()},
            confident_errors(batches[candidate]),
            InsightCounts.of(batches[candidate]),
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


def _end_to_end(
    retokenized: RetokenizedSentences, columns: tuple[Column, ...], counts: np.ndarray, weights: np.ndarray
) -> CountTable:
    """Returns the counts of a batch with those of the retokenized sentences in their place."""
    assert retokenized.batch is not None
    others = np.ones(len(counts), bool)
    others[retokenized.rows] = False
    table = CountTable.of(columns, counts[others], weights[others])
    names, rows = sentence_counts(retokenized.batch)
    rows = np.column_stack([rows, retokenized.cut, retokenized.lost])
    table.add(CountTable.of((*names, RETOKENIZED, LOST), rows, weights[retokenized.rows]))
    return table


def add_counts(total: dict[Slice, SliceCounts], counted: Iterable[tuple[Slice, SliceCounts]]) -> None:
    """Adds the counts of a batch to those of all batches."""
    for cut, counts in counted:
        total.setdefault(cut, SliceCounts()).add(counts)


def _entity_slices(
    batches: Mapping[str, TaggedBatch], slicer: Slicer, weights: np.ndarray
) -> Iterator[tuple[Slice, SliceCounts]]:
    slices: dict[Slice, SliceCounts] = {}
    for model, batch in batches.items():
        for cut, gold, predicted in slicer.entities(batch):
            table = CountTable.of(*entity_counts(batch, gold, predicted), weights)
            slices.setdefault(cut, SliceCounts()).tables[model] = table
    yield from slices.items()


def model_tables(counts: SliceCounts, models: Sequence[str]) -> dict[str, CountTable]:
    """Returns the table of each model; an empty one for a model without entities in a slice of entities."""
    rows = max((len(table.values) for table in counts.tables.values()), default=1)
    return {model: counts.tables.get(model, CountTable((), np.zeros((rows, 0)))) for model in models}


def end_to_end(counts: SliceCounts) -> EndToEnd | None:
    """Returns the end-to-end scores; None if the model cuts every sentence as the corpus is cut."""
    table = counts.tables.get(END_TO_END)
    if table is None or not (retokenized := int(table.column(*RETOKENIZED)[0])):
        return None
    return EndToEnd(scores(table).entities, retokenized, int(table.column(*LOST)[0]))


def compare_models(
    total: Mapping[Slice, SliceCounts], columns: Sequence[str], candidate: str, champion: str | None = None
) -> tuple[Comparison | None, tuple[Comparison, ...], tuple[ErrorInContext, ...]]:
    """Returns all examples (None if there were none), each slice in order, and the candidate's errors.

    Args:
        total: counts of each slice.
        columns: the slicing columns, in the order of the slices.
        candidate: name of the model in the counts.
        champion: name of the model to compare with, if any.
    """
    by_slice = {cut: _comparison(cut, counts, candidate, champion) for cut, counts in total.items()}
    overall = by_slice.pop(Slice(), None)
    order = slice_order(columns)
    slices = tuple(by_slice[cut] for cut in sorted(by_slice, key=order))
    return overall, slices, select_errors(total[Slice()].errors) if overall else ()


def _comparison(cut: Slice, counts: SliceCounts, candidate: str, champion: str | None) -> Comparison:
    tables = model_tables(counts, [candidate] if champion is None else [candidate, champion])
    of_model = {model: scores(table, counts.confusions.get(model)) for model, table in tables.items()}
    if champion is None:
        return Comparison(cut, of_model[candidate])
    return Comparison(cut, of_model[candidate], of_model[champion], changes(tables[candidate], tables[champion]))
