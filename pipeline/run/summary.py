"""Summary on the console at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.run.run_record import RunRecord

if TYPE_CHECKING:
    from components.evaluator.results.evaluation import Blessing, Comparison
    from components.evaluator.results.model_scores import EntityScores, Estimate


def print_summary(record: RunRecord) -> None:
    """Prints the nodes with state and seconds, the scores per entity type, and the outcome of the push."""
    console = Console()
    console.print(_nodes(record))
    evaluation = record.outputs.get(("Evaluator", "evaluation"))
    if evaluation:
        from components.evaluator.results.scores_file import read_evaluation

        result = read_evaluation(evaluation[0])
        if result.overall is not None:
            console.print(_scores(result.overall))
            if result.overall.f1_change:
                console.print(f"against the champion: {result.overall.f1_change}", highlight=False, soft_wrap=True)
        for line in _decision(result.blessing):
            console.print(line, highlight=False, soft_wrap=True)
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


def _scores(overall: Comparison) -> Table:
    compared = overall.champion is not None
    title = "Scores, and the change of F1 against the champion" if compared else "Scores"
    headings = ["entity type", "precision", "recall", "F1", "95 % interval", "entities", *(["change"] * compared)]
    table = Table(*headings, title=title, title_justify="left")
    table.columns[0].overflow = "fold"  # keep long type names whole
    entities = overall.candidate.entities
    for column in table.columns[1:]:
        column.justify = "right"
    for name, scores in entities.per_type.items():
        table.add_row(name, *_cells(scores), *_change(overall, f"entity_f1/{name}"))
    table.add_section()
    table.add_row("all (micro)", *_cells(entities.micro), *_change(overall, "entity_f1"), style="bold")
    return table


def _cells(scores: EntityScores) -> tuple[str, ...]:
    shares = (scores.precision, scores.recall, scores.f1)
    return (*(f"{share.value:.3f}" for share in shares), _interval(scores.f1), str(scores.support))


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.low:.3f}\N{EN DASH}{estimate.high:.3f}"


def _change(overall: Comparison, metric: str) -> tuple[str, ...]:
    if overall.champion is None:
        return ()
    return (f"{overall.changes[metric].value:+.3f}" if metric in overall.changes else "",)


def _decision(blessing: Blessing) -> list[str]:
    reasons = [escape(text) for text in (*blessing.failures, *blessing.notes)]
    if blessing.forced:
        return [
            f"[yellow]blessed by force[/yellow]: {escape(blessing.forced)}",
            *(f"against: {text}" for text in reasons),
        ]
    label = "note" if blessing.blessed else "[yellow]not blessed[/yellow]"
    return [f"{label}: {text}" for text in reasons]


def _verdict(properties: dict[str, Any]) -> str:
    if properties.get("pushed"):
        return (
            f"[green]pushed[/green] as version {properties.get('registry_version')} "
            f"to {properties.get('pushed_destination')}"
        )
    return f"[yellow]not pushed[/yellow]: {properties.get('reason')}"
