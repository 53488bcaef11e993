"""Scores of logged predictions against labels that arrive later."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from components.common.errors import quoted
from components.common.json_lines import read_json_lines
from components.evaluator.blessing.blessing import decide
from components.evaluator.blessing.rule import BlessingRule
from components.evaluator.counts.slice_counts import SliceCounts, add_counts, compare_models, count_slices
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.delayed_labels.alignment import Alignment, align
from components.evaluator.delayed_labels.join_account import JoinAccount, KeyCount
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.label_store import LabelStore
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Evaluation, Slice
from components.evaluator.results.scores_file import result_json

WINDOW = "window"
"""Slicing column of time windows."""

WINDOWS = ("hour", "day", "week", "month")

_WINDOW_FORMATS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}

_BATCH = 1000
_MODEL = "served"


@dataclasses.dataclass(frozen=True)
class DelayedLabelOptions:
    """Options of an evaluation with delayed labels.

    Attributes:
        slicer: slicing columns: fields of the log, or else of the labels, and derived columns.
        bootstrap: bootstrap replicates behind the intervals.
        window: size of the time windows, one of `WINDOWS`; empty: no windows.
        time: field of the log with the time of a prediction.
        rules: thresholds.
    """

    slicer: Slicer
    bootstrap: int
    window: str = ""
    time: str = "timestamp"
    rules: tuple[BlessingRule, ...] = ()


@dataclasses.dataclass(frozen=True)
class DelayedLabelEvaluation:
    """Result of an evaluation with delayed labels.

    Attributes:
        evaluation: scores; `candidate` is the served model, `blessing` holds the outcomes of the thresholds.
        account: outcome of every line of the join.
    """

    evaluation: Evaluation
    account: JoinAccount

    @property
    def crossed(self) -> tuple[str, ...]:
        """The texts of the crossed thresholds."""
        return self.evaluation.blessing.failures

    def to_json(self) -> str:
        """Returns the result as JSON, with a newline at the end."""
        return result_json(self)


def evaluate_delayed_labels(predictions: Path, labels: Path, options: DelayedLabelOptions) -> DelayedLabelEvaluation:
    """Joins predictions and labels by key and scores them.

    Memory holds a batch of predictions and the counts of each slice.

    tests/components/evaluator/delayed_labels/test_evaluation.py shows an evaluation.

    Args:
        predictions: JSON lines (`Prediction`).
        labels: JSON lines (`Label`).
        options: slices, windows and thresholds.

    Raises:
        NerError: a line is invalid, a slicing field does not exist, or no prediction has a label.
    """
    slicer = options.slicer
    if options.window:
        slicer = dataclasses.replace(slicer, columns=(*slicer.columns, WINDOW))
    total: dict[Slice, SliceCounts] = {}
    account = JoinAccount()
    vocabulary = TagVocabulary()
    with contextlib.closing(LabelStore(labels)) as store:
        account.labels = len(store)
        for joined in _joined(predictions, store, account):
            batch, features = _batch(joined, vocabulary, slicer, options)
            add_counts(total, count_slices({_MODEL: batch}, features, slicer, options.bootstrap, _MODEL))
        account.without_prediction = KeyCount(*store.without_prediction())
        account.duplicate_labels = KeyCount(*store.duplicates())
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
    """Yields batches of pairs, and accounts for the other lines."""
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
    labels, repeated = store.take(list(batch))
    joined = []
    for key, (prediction, where) in batch.items():
        if key not in labels:
            account.without_label.add(key)
        elif key in repeated:
            account.duplicate_predictions.add(key)
        else:
            try:
                joined.append(_Joined(prediction, labels[key], align(prediction, labels[key]), where))
            except EvaluationError as error:
                account.misalign(key, str(error))
    account.scored += len(joined)
    account.spans += sum(len(each.label.entities) for each in joined)
    account.cut_spans += sum(each.alignment.cut_spans for each in joined)
    return joined


def _batch(
    joined: Sequence[_Joined],
    vocabulary: TagVocabulary,
    slicer: Slicer,
    options: DelayedLabelOptions,
) -> tuple[TaggedBatch, dict[str, list[list[str]]]]:
    rows = [each.alignment for each in joined]
    batch = TaggedBatch.of(
        vocabulary,
        [each.prediction.key for each in joined],
        [" ".join(row.tokens) for row in rows],
        [row.gold for row in rows],
        [row.predicted for row in rows],
        [row.scores for row in rows],
    )
    features = {column: [_values(each, column, options) for each in joined] for column in slicer.features}
    return batch, features


def _values(joined: _Joined, column: str, options: DelayedLabelOptions) -> list[str]:
    fields = {**joined.label.fields, **joined.prediction.fields}
    if column == WINDOW and options.window:
        return [time_window(fields.get(options.time), options.window, f"{joined.where}: {options.time}")]
    value = fields.get(column)
    if value is None:
        return []
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]


def _check_scored(account: JoinAccount, predictions: Path, labels: Path) -> None:
    if account.scored:
        return
    reason = f" First difference: {account.reasons[0]}." if account.reasons else ""
    raise EvaluationError(
        f"{predictions} and {labels}: nothing to score. Of {account.predictions} predictions {account.without_label} "
        f"have no label, of {account.labels} labels {account.without_prediction} have no prediction, and "
        f"{account.misaligned} have a different text.{reason} Check that both files use the same keys."
    )


def _check_columns(total: Mapping[Slice, SliceCounts], slicer: Slicer, predictions: Path) -> None:
    for column in slicer.features:
        if {cut.value for cut in total if cut.column == column} == {""}:
            raise EvaluationError(
                f"{predictions}: no labelled line has the field {column!r} to slice by. Correct the name of the field."
            )


def _evaluation(total: Mapping[Slice, SliceCounts], slicer: Slicer, options: DelayedLabelOptions) -> Evaluation:
    overall, slices, errors = compare_models(total, slicer.columns, _MODEL)
    counts = total[Slice()].insights if total else None
    return Evaluation(
        overall,
        slices,
        decide(overall, slices, options.rules),
        errors,
        bootstrap=options.bootstrap,
        insights=counts.insights() if counts else None,
    )


def time_window(time: Any, size: str, where: str) -> str:
    """Returns the time window of a time, in UTC: `2026-11-20T09`, `2026-11-20`, `2026-W47` or `2026-11`.

    Args:
        time: ISO 8601 text (UTC if it has no zone), or seconds since 1970.
        size: one of `WINDOWS`.
        where: file, line and field, for errors.

    Raises:
        EvaluationError: the value is not a time.

    Example:
        >>> time_window("2026-11-20T23:30:00-02:00", "day", "log.jsonl:1: timestamp")
        '2026-11-21'
    """
    moment = _moment(time, where)
    if size == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return moment.strftime(_WINDOW_FORMATS[size])


def _moment(time: Any, where: str) -> datetime:
    invalid = EvaluationError(
        f"{where}: not a time: {quoted(time)}. Write 2026-11-20T09:30:00Z, or seconds since 1970."
    )
    try:
        if isinstance(time, str):
            moment = datetime.fromisoformat(time)
            return moment.astimezone(timezone.utc) if moment.tzinfo else moment
        if isinstance(time, int | float) and not isinstance(time, bool):
            return datetime.fromtimestamp(time, timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise invalid from None
    raise invalid
