"""The tables of a page as files for programs and spreadsheets: mistakes and scores as CSV, everything as JSON."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.evaluator.results.evaluation import Comparison, Evaluation
from components.evaluator.results.model_scores import EntityScores
from components.keys import MISTAKES_FILE, REPORT_JSON_FILE, SCORES_CSV_FILE

FORMAT_VERSION = 1

_MISTAKES = ("kind", "gold_text", "gold_type", "predicted_text", "predicted_type", "count", "places")
_SHARES = ("precision", "recall", "f1")
_SCORES = ("group", "name", *_SHARES, "f1_low", "f1_high", "entities", "predicted", "other_f1", "f1_change")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute a cell that begins so


def page_tables(evaluation: Evaluation, **others: Any) -> dict[str, str]:
    """Returns file name -> content.

    Args:
        evaluation: the evaluation that the page shows.
        others: further values of `report.json`, plain or dataclasses.
    """
    return {
        MISTAKES_FILE: _csv(_MISTAKES, _mistakes(evaluation)),
        SCORES_CSV_FILE: _csv(_SCORES, _scores(evaluation)),
        REPORT_JSON_FILE: json.dumps(
            {"format": FORMAT_VERSION, "evaluation": evaluation, **others},
            default=_plain,
            ensure_ascii=False,
            indent=1,
        )
        + "\n",
    }


def trials_table(trials: Sequence[Mapping[str, Any]]) -> str:
    """Returns the trials of a search as CSV.

    Args:
        trials: the value of each column by trial; the columns are those of the first.

    Example:
        >>> print(trials_table([{"trial_id": "1", "score": 0.5, "epochs": 8}, {"trial_id": "0", "score": 0.4}]), end="")
        trial_id,score,epochs
        1,0.5,8
        0,0.4,
    """
    return _csv(trials[0], ([trial.get(name, "") for name in trials[0]] for trial in trials))


def table_path(page: Path, name: str) -> Path:
    """Returns the path of a table next to a page: `page.html` has `page.mistakes.csv`."""
    return page.with_name(f"{page.stem}.{name}")


def _mistakes(evaluation: Evaluation) -> Iterable[Iterable[Any]]:
    for mistake in evaluation.insights.mistakes if evaluation.insights else ():
        yield (*(getattr(mistake, name) for name in _MISTAKES[:-1]), " ".join(mistake.places))


def _scores(evaluation: Evaluation) -> Iterable[Iterable[Any]]:
    overall, insights = evaluation.overall, evaluation.insights
    if overall is None:
        return
    yield _row("all", "", overall)
    for name, scores in overall.candidate.entities.per_type.items():
        champion = overall.champion.entities.per_type.get(name) if overall.champion else None
        change = overall.changes.get(f"entity_f1/{name}")
        yield _of("type", name, scores, champion, None if change is None else change.value)
    for part in evaluation.slices:
        yield _row(part.slice.column, part.slice.value, part)
    if insights and insights.floor:
        yield ("floor", "", *(f"{getattr(insights.floor, name):.6f}" for name in _SHARES), *[""] * 6)
    for row in insights.thresholds if insights else ():
        shares = (f"{getattr(row.shares, name):.6f}" for name in _SHARES)
        yield ("threshold", f"{row.threshold:.2f}", *shares, "", "", "", row.kept, "", "")


def _row(group: str, name: str, comparison: Comparison) -> Iterable[Any]:
    champion = comparison.champion.entities.micro if comparison.champion else None
    change = comparison.changes.get("entity_f1")
    micro = comparison.candidate.entities.micro
    return _of(group, name, micro, champion, None if change is None else change.value)


def _of(
    group: str, name: str, scores: EntityScores, champion: EntityScores | None, change: float | None
) -> Iterable[Any]:
    numbers = (
        *(getattr(scores, share).value for share in _SHARES),
        scores.f1.low,
        scores.f1.high,
        scores.support,
        scores.predicted,
        None if champion is None else champion.f1.value,
        change,
    )
    return (group, name, *("" if n is None else n if isinstance(n, int) else f"{n:.6f}" for n in numbers))


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: Any) -> Any:
    """Returns a value such that no spreadsheet computes a text of the data."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
