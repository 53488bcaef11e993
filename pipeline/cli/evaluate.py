"""`ner evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from components.evaluator.counts.slicing import Slicer
    from components.evaluator.delayed_labels.join_account import JoinAccount
    from components.evaluator.results.evaluation import Comparison

CROSSED = 3
"""Exit status when a threshold is crossed; errors have 1."""

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--predictions", type=_FILE, required=True, help="Log of answers with keys, JSON lines (.gz too).")
@click.option("--labels", type=_FILE, required=True, help="Labels with the same keys, JSON lines (.gz too).")
@click.option("--by", multiple=True, metavar="COLUMN", help="Slice by a logged field, or by sentence_length, case, …")
@click.option("--window", type=click.Choice(["hour", "day", "week", "month"]), help="Slice by time.")
@click.option("--time", default="timestamp", show_default=True, metavar="FIELD", help="Logged field with the time.")
@click.option("--threshold", "thresholds", multiple=True, metavar="METRIC>=BOUND[@SLICE]", help="E.g. entity_f1>=0.6")
@click.option("--min-support", default=50, show_default=True, help="Gold entities that a threshold's slice needs.")
@click.option("--training-entities", type=_FILE, help="training_entities.npy of an evaluation, for --by entity_seen.")
@click.option("--bootstrap", default=200, show_default=True, help="Replicates behind the intervals.")
@click.option("--json", "target", type=click.Path(path_type=Path, allow_dash=True), help="Write everything as JSON.")
def evaluate(
    predictions: Path,
    labels: Path,
    by: tuple[str, ...],
    window: str | None,
    time: str,
    thresholds: tuple[str, ...],
    min_support: int,
    training_entities: Path | None,
    bootstrap: int,
    target: Path | None,
) -> None:
    """Score logged predictions against labels that came later, joined by key.

    Exits with 3 when a threshold is crossed.
    """
    from components.evaluator.delayed_labels.evaluation import WINDOW, DelayedLabelOptions, evaluate_delayed_labels
    from components.evaluator.delayed_labels.threshold import parse_threshold

    rules = tuple(parse_threshold(text, min_support) for text in thresholds)
    if not window and any(rule.column == WINDOW for rule in rules):
        raise click.UsageError(f"a threshold on {WINDOW} needs --{WINDOW}")
    columns = tuple(dict.fromkeys([*by, *(rule.column for rule in rules if rule.column not in ("", WINDOW))]))
    result = evaluate_delayed_labels(
        predictions,
        labels,
        DelayedLabelOptions(_slicer(columns, training_entities), window or "", time, bootstrap, rules),
    )
    if target is not None:
        _write(result.to_json(), target)
    if target is None or str(target) != "-":
        _print(result.evaluation.overall, result.evaluation.slices, result.account)
    for outcome in result.evaluation.blessing.rules:
        click.secho(f"{outcome.state}: {outcome.text}", fg="red" if outcome.state == "failed" else None, err=True)
    for note in result.evaluation.blessing.notes if rules else ():
        click.echo(f"note: {note}", err=True)
    if result.crossed:
        raise SystemExit(CROSSED)


def _slicer(columns: tuple[str, ...], training_entities: Path | None) -> Slicer:
    from components.evaluator.counts.slicing import ENTITY_SEEN, Slicer
    from components.evaluator.counts.training_entities import TrainingEntities

    if ENTITY_SEEN not in columns:
        return Slicer(columns)
    if training_entities is None:
        raise click.UsageError(f"--by {ENTITY_SEEN} needs --training-entities FILE")
    known = TrainingEntities.from_bytes(training_entities.read_bytes(), str(training_entities))
    return Slicer(columns, training_entities=known)


def _write(text: str, target: Path) -> None:
    if str(target) == "-":
        click.echo(text, nl=False)
        return
    temporary = target.with_name(f"{target.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)


def _print(overall: Comparison | None, slices: tuple[Comparison, ...], account: JoinAccount) -> None:
    from rich.console import Console

    console = Console()
    console.print(_scores(overall, slices))
    console.print(f"{account.scored} of {account.predictions} predictions scored", highlight=False)
    told = {
        "predictions without a label": account.without_label,
        "labels without a prediction": account.without_prediction,
        "repeated predictions (the first counts)": account.duplicate_predictions,
        "repeated labels (the last counts)": account.duplicate_labels,
        "sentences whose label is about another text": account.misaligned,
    }
    for what, named in told.items():
        if named.count:
            console.print(f"{what}: {named}", highlight=False, markup=False, soft_wrap=True)
    for reason in account.reasons:
        console.print(f"  {reason}", highlight=False, markup=False, soft_wrap=True)


def _scores(overall: Comparison | None, slices: tuple[Comparison, ...]) -> Table:
    from rich.table import Table

    table = Table("slice", "sentences", "entities", "precision", "recall", "F1", "95 % interval", "macro F1")
    for column in table.columns[1:]:
        column.justify = "right"
    for comparison in ([overall] if overall else []) + list(slices):
        entities = comparison.candidate.entities
        micro = entities.micro
        interval = "" if micro.f1.low is None else f"{micro.f1.low:.3f} - {micro.f1.high:.3f}"
        shares = (f"{share.value:.3f}" for share in (micro.precision, micro.recall, micro.f1))
        counts = (str(comparison.candidate.sentences), str(micro.support))
        table.add_row(comparison.slice.name, *counts, *shares, interval, f"{entities.macro.f1.value:.3f}")
    return table
