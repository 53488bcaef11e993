"""The table at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.run_record import RunRecord


def print_summary(record: RunRecord) -> None:
    """Prints each node with its state and seconds, the scores per entity type, and where the model went."""
    console = Console()
    console.print(_nodes(record))
    evaluation = record.outputs.get(("Evaluator", "evaluation"))
    if evaluation:
        from components.evaluator.scores import read_scores

        scores = read_scores(evaluation[0])
        console.print(_scores(scores))
        for failure in scores["failures"]:
            console.print(f"[yellow]not blessed[/yellow]: {failure}", highlight=False, soft_wrap=True)
    pushed = record.outputs.get(("RegistryPusher", "pushed_model"))
    if pushed:
        console.print(_verdict(pushed[1]), highlight=False, soft_wrap=True)


def _nodes(record: RunRecord) -> Table:
    table = Table("node", "", "seconds", title="Run", title_justify="left")
    table.columns[2].justify = "right"
    for node in record.nodes:
        style = {"cached": "dim", "failed": "red"}.get(node.state)
        table.add_row(node.name, node.state, f"{node.seconds:.1f}", style=style)
    total = sum(node.seconds for node in record.nodes)
    executed = sum(node.state != "cached" for node in record.nodes)
    table.add_section()
    table.add_row("all", f"{executed} executed", f"{total:.1f}")
    return table


def _scores(scores: dict[str, Any]) -> Table:
    table = Table("entity type", "precision", "recall", "F1", "entities", title="Scores", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in sorted(scores["per_type"].items()):
        table.add_row(name, *_cells(row["precision"], row["recall"], row["f1"], row["support"]))
    overall = scores["overall"]
    table.add_section()
    row = (overall[f"entity_{name}"] for name in ("precision", "recall", "f1", "support"))
    table.add_row("all (micro)", *_cells(*row), style="bold")
    return table


def _cells(precision: float, recall: float, f1: float, support: float) -> tuple[str, ...]:
    return f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{support:.0f}"


def _verdict(properties: dict[str, Any]) -> str:
    if properties.get("pushed"):
        return (
            f"[green]pushed[/green] as version {properties.get('registry_version')} "
            f"to {properties.get('pushed_destination')}"
        )
    return f"[yellow]not pushed[/yellow]: {properties.get('reason')}"
