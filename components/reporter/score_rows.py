"""The evaluation, arranged in the rows that the report shows."""

from __future__ import annotations

import dataclasses

from components.evaluator.results.evaluation import (
    ALL,
    ERROR_KINDS,
    Comparison,
    Confusion,
    EntityScores,
    Estimate,
    Evaluation,
    RuleOutcome,
)

# More rows than this nobody reads, and thousands would make a report of megabytes.
_MOST_SLICES = 30
_MOST_LABELS = 25

# Columns of slices that the Evaluator makes itself; others are features of the data and keep their names.
_COLUMNS = {
    "entity_seen": "Entities, seen in training or not",
    "entity_length": "Entities by length in tokens",
    "sentence_length": "Sentences by length in tokens",
    "case": "Sentences by case",
}

ERROR_WORDS = {
    "boundary": ("Boundary", "right type, wrong ends"),
    "type": ("Type", "right ends, wrong type"),
    "boundary_and_type": ("Boundary and type", "touches an entity, wrong in both"),
    "spurious": ("Spurious", "predicted where there is no entity"),
    "missed": ("Missed", "an entity that nothing was predicted for"),
}
"""Kind of an error -> its name and what it means."""


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """One line of a table of scores.

    Attributes:
        name: type, or value of a slice.
        candidate: scores of the new model.
        champion: of the champion, if there is one.
        change: of the F1 against the champion's.
        rules: rules of the blessing about this row.
    """

    name: str
    candidate: EntityScores
    champion: EntityScores | None
    change: Estimate | None
    rules: tuple[RuleOutcome, ...] = ()


@dataclasses.dataclass(frozen=True)
class MetricRow:
    """One metric of both models.

    Attributes:
        title: in words.
        note: what it counts.
        candidate: of the new model.
        champion: of the champion.
        change: difference of the two.
        less_is_better: whether a fall is good.
    """

    title: str
    note: str
    candidate: Estimate
    champion: Estimate | None
    change: Estimate | None
    less_is_better: bool = False


_METRICS = {
    "entity_f1": ("Entity F1", "exact ends and type, micro-averaged"),
    "entity_precision": ("Precision", "predicted entities that are right"),
    "entity_recall": ("Recall", "entities that were found"),
    "entity_macro_f1": ("Macro F1", "mean over types, rare ones count as much"),
    "strict_f1": ("Strict F1", "an entity must begin with B-"),
    "boundary_f1": ("Boundary F1", "right ends, whatever the type"),
    "type_f1": ("Type F1", "right type, ends may differ"),
    "token_accuracy": ("Token accuracy", "tokens with the right tag"),
    "calibration_error": ("Calibration error", "how far scores are from probabilities"),
}


def metric_rows(comparison: Comparison) -> list[MetricRow]:
    """The overall metrics that the comparison has, in a fixed order."""
    ours = comparison.candidate.metrics()
    theirs = comparison.champion.metrics() if comparison.champion else {}
    return [
        MetricRow(title, note, ours[name], theirs.get(name), comparison.changes.get(name), name == "calibration_error")
        for name, (title, note) in _METRICS.items()
        if name in ours
    ]


def type_rows(evaluation: Evaluation) -> list[ScoreRow]:
    """One row an entity type, the most frequent first."""
    comparison = evaluation.overall
    if comparison is None:
        return []
    champion = comparison.champion.entities.per_type if comparison.champion else {}
    rows = [
        ScoreRow(
            name,
            scores,
            champion.get(name),
            comparison.changes.get(f"entity_f1/{name}"),
            tuple(r for r in evaluation.blessing.rules if r.slice == ALL and r.metric.endswith(f"/{name}")),
        )
        for name, scores in comparison.candidate.entities.per_type.items()
    ]
    return sorted(rows, key=lambda row: (-row.candidate.support, row.name))


def slice_tables(evaluation: Evaluation) -> dict[str, list[ScoreRow]]:
    """Title of a table -> its rows, one table for each column that was sliced by.

    Of a column with very many values only those with the most entities are there; the title says so.
    """
    tables = _all_slices(evaluation)
    return dict(_largest(title, rows) for title, rows in tables.items())


def _largest(title: str, rows: list[ScoreRow]) -> tuple[str, list[ScoreRow]]:
    if len(rows) <= _MOST_SLICES:
        return title, rows
    largest = sorted(range(len(rows)), key=lambda position: -rows[position].candidate.support)[:_MOST_SLICES]
    return f"{title}: the {_MOST_SLICES} largest of {len(rows)}", [rows[position] for position in sorted(largest)]


def _all_slices(evaluation: Evaluation) -> dict[str, list[ScoreRow]]:
    tables: dict[str, list[ScoreRow]] = {}
    for part in evaluation.slices:
        column = part.slice.column
        title = _COLUMNS.get(column, f"{part.slice.level.capitalize()}s by {column}".replace("Entitys", "Entities"))
        row = ScoreRow(
            part.slice.value,
            part.candidate.entities.micro,
            part.champion.entities.micro if part.champion else None,
            part.changes.get("entity_f1"),
            tuple(rule for rule in evaluation.blessing.rules if rule.slice == part.slice.name),
        )
        tables.setdefault(title, []).append(row)
    return tables


@dataclasses.dataclass(frozen=True)
class ErrorRow:
    """Errors of one kind.

    Attributes:
        kind: one of `ERROR_KINDS`.
        title: in words.
        meaning: what it is.
        count: of the new model.
        share: of all its errors, 0 to 1.
        champion: of the champion, if there is one.
    """

    kind: str
    title: str
    meaning: str
    count: int
    share: float
    champion: int | None


def error_rows(comparison: Comparison) -> list[ErrorRow]:
    """One row a kind of error, in the order of `ERROR_KINDS`."""
    errors = comparison.candidate.errors
    total = sum(errors.values())
    champion = comparison.champion.errors if comparison.champion else None
    return [
        ErrorRow(
            kind,
            *ERROR_WORDS[kind],
            errors.get(kind, 0),
            errors.get(kind, 0) / total if total else 0.0,
            None if champion is None else champion.get(kind, 0),
        )
        for kind in ERROR_KINDS
    ]


def frequent_part(confusion: Confusion) -> Confusion:
    """A confusion matrix without its rarest types, where it has so many that nobody could read it."""
    counts = confusion.counts
    largest = sorted(range(1, len(counts)), key=lambda row: -sum(counts[row]))[: _MOST_LABELS - 1]
    kept = [0, *sorted(largest)] if counts else []  # 0: outside
    labels = tuple(confusion.labels[position] for position in kept)
    return Confusion(labels, tuple(tuple(counts[row][column] for column in kept) for row in kept))
