"""Scores logged predictions against labels that came later."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.common.files import read_json_lines
from components.evaluator.blessing.blessing import decide
from components.evaluator.blessing.rule import Rule
from components.evaluator.counts.slice_counts import SliceCounts, count_slices
from components.evaluator.counts.slicing import Slicer, slice_order
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.delayed_labels.alignment import Alignment, align
from components.evaluator.delayed_labels.join_account import JoinAccount, Named
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.label_store import LabelStore
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.delayed_labels.window import window_of
from components.evaluator.errors import EvaluationError
from components.evaluator.results.errors_in_context import shown_errors
from components.evaluator.results.evaluation import Comparison, Evaluation, Slice
from components.evaluator.results.scoring import scores

WINDOW = "window"
"""Name of the column of time windows."""

_BATCH = 1000
_MODEL = "served"


@dataclasses.dataclass(frozen=True)
class DelayedLabelOptions:
    """How late labels are scored.

    Attributes:
        slicer: what is sliced by: fields of the log (or else of the labels), and what is worked out.
        window: size of time windows to slice by, one of `window.WINDOWS`; empty for none.
        time: field of the log that holds the time of a prediction.
        bootstrap: replicates behind the intervals.
        rules: thresholds.
    """

    slicer: Slicer
    window: str = ""
    time: str = "timestamp"
    bootstrap: int = 200
    rules: tuple[Rule, ...] = ()


@dataclasses.dataclass(frozen=True)
class DelayedLabelEvaluation:
    """What came of it.

    Attributes:
        evaluation: scores; `candidate` is the model that answered, `blessing` holds the thresholds' outcomes.
        account: what became of every line.
    """

    evaluation: Evaluation
    account: JoinAccount

    @property
    def crossed(self) -> tuple[str, ...]:
        """The thresholds that were crossed, in words."""
        return self.evaluation.blessing.failures

    def to_json(self) -> str:
        """All of it as text, newline at the end."""
        return _adapter().dump_json(self, indent=1).decode() + "\n"


def evaluate_delayed_labels(predictions: Path, labels: Path, options: DelayedLabelOptions) -> DelayedLabelEvaluation:
    """Joins by key and scores. Memory holds a batch of predictions and the counts of each slice.

    Args:
        predictions: JSON lines, see `Prediction`.
        labels: JSON lines, see `Label`.
        options: slices, windows and thresholds.

    Raises:
        EvaluationError: a line cannot be used, a field to slice by is nowhere, or no prediction has a label.
    """
    slicer = options.slicer
    if options.window:
        slicer = dataclasses.replace(slicer, columns=(*slicer.columns, WINDOW))
    total: dict[Slice, SliceCounts] = {}
    account = JoinAccount()
    vocabulary = TagVocabulary()
    with LabelStore(labels) as store:
        account.labels = len(store)
        for joined in _joined(predictions, store, account):
            batch, features = _batch(joined, vocabulary, slicer, options, account)
            for cut, counts in count_slices({_MODEL: batch}, features, slicer, options.bootstrap, _MODEL):
                total.setdefault(cut, SliceCounts()).add(counts)
        account.without_prediction = Named(*store.without_prediction())
        account.duplicate_labels = Named(*store.duplicates())
    _check_scored(account, predictions, labels)
    _check_columns(total, slicer, predictions)
    return DelayedLabelEvaluation(_evaluation(total, slicer, options), account)


@dataclasses.dataclass(frozen=True)
class _Joined:
    prediction: Prediction
    label: Label
    alignment: Alignment
    where: str


def _joined(path: Path, store: LabelStore, account: JoinAccount) -> Iterator[list[_Joined]]:
    """Yields batches of what both sides have, and counts the rest."""
    batch: dict[str, tuple[Prediction, str]] = {}
    for line, record in read_json_lines(path, error=EvaluationError):
        where = f"{path}:{line}"
        prediction = Prediction.from_record(record, where)
        account.predictions += 1
        if prediction.key in batch:
            account.duplicate_predictions.add(prediction.key)
            continue
        batch[prediction.key] = prediction, where
        if len(batch) == _BATCH:
            yield _with_labels(batch, store, account)
            batch = {}
    yield _with_labels(batch, store, account)


def _with_labels(batch: Mapping[str, tuple[Prediction, str]], store: LabelStore, account: JoinAccount) -> list[_Joined]:
    found, again = store.take(list(batch))
    joined = []
    for key, (prediction, where) in batch.items():
        if key not in found:
            account.without_label.add(key)
        elif key in again:
            account.duplicate_predictions.add(key)
        else:
            try:
                joined.append(_Joined(prediction, found[key], align(prediction, found[key]), where))
            except EvaluationError as error:
                account.misalign(key, str(error))
    account.scored += len(joined)
    return joined


def _batch(
    joined: Sequence[_Joined],
    vocabulary: TagVocabulary,
    slicer: Slicer,
    options: DelayedLabelOptions,
    account: JoinAccount,
) -> tuple[TaggedBatch, dict[str, list[list[str]]]]:
    rows = [each.alignment for each in joined]
    probabilities = [row.scores for row in rows]
    scored = all(row is not None for row in probabilities)
    batch = TaggedBatch(
        vocabulary,
        [each.prediction.key for each in joined],
        [" ".join(row.tokens) for row in rows],
        np.array([len(row.tokens) for row in rows], np.int64),
        vocabulary.encode(tag for row in rows for tag in row.gold),
        vocabulary.encode(tag for row in rows for tag in row.predicted),
        np.array([score for row in probabilities if row for score in row], np.float64) if scored else None,
    )
    features = {column: [_values(each, column, options) for each in joined] for column in slicer.features}
    return batch, features


def _values(joined: _Joined, column: str, options: DelayedLabelOptions) -> list[str]:
    fields = {**joined.label.fields, **joined.prediction.fields}
    if column == WINDOW and options.window:
        return [window_of(fields.get(options.time), options.window, f"{joined.where}: {options.time}")]
    value = fields.get(column)
    if value is None:
        return []
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]


def _check_scored(account: JoinAccount, predictions: Path, labels: Path) -> None:
    if account.scored:
        return
    reason = f" The first one that does not fit: {account.reasons[0]}." if account.reasons else ""
    raise EvaluationError(
        f"{predictions} and {labels}: nothing to score. Of {account.predictions} predictions {account.without_label} "
        f"have no label, of {account.labels} labels {account.without_prediction} have no prediction, and "
        f"{account.misaligned} are about other texts.{reason} Give files whose keys meet."
    )


def _check_columns(total: Mapping[Slice, SliceCounts], slicer: Slicer, predictions: Path) -> None:
    for column in slicer.features:
        if {cut.value for cut in total if cut.column == column} == {""}:
            raise EvaluationError(f"{predictions}: no line that has a label has a field {column!r} to slice by")


def _evaluation(total: Mapping[Slice, SliceCounts], slicer: Slicer, options: DelayedLabelOptions) -> Evaluation:
    def compared(cut: Slice) -> Comparison:
        counts = total[cut]
        return Comparison(cut, scores(counts.tables[_MODEL], counts.confusions.get(_MODEL)))

    overall = compared(Slice())
    cuts = sorted((cut for cut in total if cut.column), key=slice_order(slicer.columns))
    slices = tuple(map(compared, cuts))
    decision = decide(overall, slices, options.rules)
    shown = shown_errors(total[Slice()].errors)
    return Evaluation(overall, slices, decision, shown, bootstrap=options.bootstrap)


@functools.cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(DelayedLabelEvaluation)
