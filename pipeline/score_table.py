"""Table of scores by entity type, of a run and of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.common.console import Column, Row, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from components.evaluator.results.evaluation import Comparison
    from components.evaluator.results.model_scores import EntityScores


def print_type_scores(console: Console, overall: Comparison, title: str = "") -> None:
    """Prints the scores of each entity type and of all, and the change of F1 if they are compared."""
    columns = [
        Column("entity type"),
        Column("precision", right=True, drop=2),
        Column("recall", right=True, drop=3),
        Column("F1", right=True),
        Column("95 % interval", right=True, drop=4),
        Column("entities", right=True, drop=1),
        Column("change", right=True),
    ]
    entities = overall.candidate.entities
    rows = [
        Row((name, *_cells(scores), *_change(overall, f"entity_f1/{name}")))
        for name, scores in entities.per_type.items()
    ]
    rows.append(Row(("all (micro)", *_cells(entities.micro), *_change(overall, "entity_f1")), "bold", section=True))
    print_table(console, columns if overall.champion else columns[:-1], rows, title)


def _cells(scores: EntityScores) -> tuple[str, ...]:
    shares = (scores.precision, scores.recall, scores.f1)
    return (*(share.number() for share in shares), scores.f1.interval(), f"{scores.support:,}")


def _change(overall: Comparison, metric: str) -> tuple[str, ...]:
    if overall.champion is None:
        return ()
    return (overall.changes[metric].number("+.3f") if metric in overall.changes else "",)
