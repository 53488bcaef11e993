"""Rows of the score tables in report and model card."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from components.evaluator.blessing.rule import LOWER_IS_BETTER
from components.evaluator.counts.slicing import CASE, ENTITY_LENGTH, ENTITY_SEEN, SENTENCE_LENGTH
from components.evaluator.results.evaluation import ALL, Comparison, Evaluation, RuleOutcome
from components.evaluator.results.model_scores import ERROR_KINDS, SCHEMES, Confusion, EntityScores, Estimate

# More rows would make the report long and megabytes large.
_MOST_SLICES = 30
_MOST_LABELS = 25

# Titles of the derived slicing columns; other columns are features of the data and keep their names.
_COLUMNS = {
    ENTITY_SEEN: "Entities by presence in the training data",
    ENTITY_LENGTH: "Entities by length in tokens",
    SENTENCE_LENGTH: "Sentences by length in tokens",
    CASE: "Sentences by case",
}

ERROR_WORDS = {
    "boundary": ("Boundary", "correct type, wrong boundaries"),
    "type": ("Type", "correct boundaries, wrong type"),
    "boundary_and_type": ("Boundary and type", "overlaps an entity, both wrong"),
    "spurious": ("Spurious", "overlaps no entity"),
    "missed": ("Missed", "entity that no prediction overlaps"),
}
"""Kind of error -> title and meaning."""


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """One row of a score table: an entity type or a slice.

    Attributes:
        name: entity type, or value of the slice.
        candidate: scores of the new model.
        champion: scores of the champion, if there is one.
        change: change in F1 against the champion.
        rules: outcomes of the blessing rules for this row.
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
        title: name in words.
        note: definition in a few words.
        candidate: value for the new model.
        champion: value for the champion.
        change: difference of the two.
        lower_is_better: True if a decrease is an improvement.
    """

    title: str
    note: str
    candidate: Estimate
    champion: Estimate | None
    change: Estimate | None
    lower_is_better: bool = False


_METRICS = {
    "entity_f1": ("Entity F1", "exact boundaries and type, micro-averaged"),
    "entity_precision": ("Precision", "share of the predicted entities that are correct"),
    "entity_recall": ("Recall", "share of the entities that were predicted"),
    "entity_macro_f1": ("Macro F1", "unweighted mean over types"),
    "strict_f1": ("Strict F1", "entities must begin with B-"),
    "boundary_f1": ("Boundary F1", "correct boundaries, any type"),
    "type_f1": ("Type F1", "correct type, overlapping boundaries"),
    "partial_f1": ("Partial F1", "overlaps count one half; one partner each (nervaluate)"),
    "ent_type_f1": ("Type F1, one to one", "correct type, one overlapping partner each (nervaluate)"),
    "token_accuracy": ("Token accuracy", "share of the tokens with the correct tag"),
    "calibration_error": ("Calibration error", "mean distance between score and accuracy"),
}


def metric_rows(comparison: Comparison) -> list[MetricRow]:
    """Returns one row per overall metric, in a fixed order, custom metrics last."""
    ours = comparison.candidate.metrics()
    theirs = comparison.champion.metrics() if comparison.champion else {}
    custom = {name: (name, "metric of evaluator.metrics") for name in comparison.candidate.custom}
    return [
        MetricRow(title, note, ours[name], theirs.get(name), comparison.changes.get(name), name in LOWER_IS_BETTER)
        for name, (title, note) in {**_METRICS, **custom}.items()
        if name in ours
    ]


@dataclasses.dataclass(frozen=True)
class SchemeRow:
    """Scores of one scheme of nervaluate.

    Attributes:
        name: name of the scheme, `SCHEMES`.
        meaning: definition in a few words.
        ours: name of its F1 among the metrics of this project.
        candidate: scores of the new model.
        change: change in F1 against the other model.
    """

    name: str
    meaning: str
    ours: str
    candidate: EntityScores
    change: Estimate | None


_SCHEMES = {
    "strict": ("exact boundaries and type", "entity_f1"),
    "exact": ("exact boundaries, any type", "boundary_f1"),
    "partial": ("overlap, any type; one half for other boundaries", "partial_f1"),
    "type": ("overlap and type; ent_type in the library", "ent_type_f1"),
}


def scheme_rows(comparison: Comparison) -> list[SchemeRow]:
    """Returns one row per scheme of nervaluate; none for an evaluation of an older version."""
    by_scheme = comparison.candidate.nervaluate
    return [
        SchemeRow(name, *_SCHEMES[name], by_scheme[name], comparison.changes.get(_SCHEMES[name][1]))
        for name in SCHEMES
        if name in by_scheme
    ]


def type_rows(evaluation: Evaluation) -> list[ScoreRow]:
    """Returns one row per entity type, the most frequent first."""
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
    """Returns title -> rows, one table per slicing column.

    A column with very many values keeps those with the most entities, and its title says so.
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
        title: name in words.
        meaning: definition in a few words.
        count: errors of the new model.
        share: share of all its errors, 0 to 1.
        champion: errors of the champion, if there is one.
    """

    kind: str
    title: str
    meaning: str
    count: int
    share: float
    champion: int | None


def error_rows(comparison: Comparison) -> list[ErrorRow]:
    """Returns one row per kind of error, in the order of `ERROR_KINDS`."""
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


def errors_by_type(evaluation: Evaluation) -> list[tuple[str, Mapping[str, int]]]:
    """Returns (entity type, kind of error -> count), the types with the most errors first."""
    by_type = evaluation.insights.errors_by_type if evaluation.insights else {}
    return sorted(by_type.items(), key=lambda item: (-sum(item[1].values()), item[0]))


def frequent_part(confusion: Confusion) -> Confusion:
    """Returns the confusion matrix of the most frequent types."""
    counts = confusion.counts
    largest = sorted(range(1, len(counts)), key=lambda row: -sum(counts[row]))[: _MOST_LABELS - 1]
    kept = [0, *sorted(largest)] if counts else []  # 0: outside
    labels = tuple(confusion.labels[position] for position in kept)
    return Confusion(labels, tuple(tuple(counts[row][column] for column in kept) for row in kept))
