"""Scores of one or two models on slices, from their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.errors_in_context import shown_errors
from components.evaluator.counts.scoring import changes, scores
from components.evaluator.counts.slice_counts import SliceCounts
from components.evaluator.counts.slicing import slice_order
from components.evaluator.results.evaluation import Comparison, ErrorInContext, Slice


def tables_of(counts: SliceCounts, models: Sequence[str]) -> dict[str, CountTable]:
    """Returns the table of each model; an empty one for a model without entities in a slice of entities."""
    rows = max((len(table.values) for table in counts.tables.values()), default=1)
    return {model: counts.tables.get(model, CountTable((), np.zeros((rows, 0)))) for model in models}


def compared(
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
    return overall, slices, shown_errors(total[Slice()].errors) if overall else ()


def _comparison(cut: Slice, counts: SliceCounts, candidate: str, champion: str | None) -> Comparison:
    tables = tables_of(counts, [candidate] if champion is None else [candidate, champion])
    of_model = {model: scores(table, counts.confusions.get(model)) for model, table in tables.items()}
    if champion is None:
        return Comparison(cut, of_model[candidate])
    return Comparison(cut, of_model[candidate], of_model[champion], changes(tables[candidate], tables[champion]))
