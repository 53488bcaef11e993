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
    from components.evaluator.settings import EvaluatorSettings

CROSSED = 3
"""Exit status if a threshold is crossed; errors have 1."""

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--requests", type=_FILE, required=True, help="Log of answered requests with keys, JSON lines (.gz too).")
@click.option("--labels", type=_FILE, required=True, help="Labels with the same keys, JSON lines (.gz too).")
@click.option("--by", multiple=True, metavar="COLUMN", help="Slice by a logged field, sentence_length, case, …")
@click.option("--window", type=click.Choice(["hour", "day", "week", "month"]), help="Slice by time.")
@click.option("--time", default="timestamp", show_default=True, metavar="FIELD", help="Logged field with the time.")
@click.option("--threshold", "thresholds", multiple=True, metavar="METRIC>=BOUND[@SLICE]", help="E.g. entity_f1>=0.6")
@click.option("--min-support", type=int, help="Gold entities that a slice needs [default: evaluator.min_support]")
@click.option("--training-entities", type=_FILE, help="training_entities.npy, for --by entity_seen.")
@click.option("--bootstrap", type=int, help="Replicates behind the intervals [default: evaluator.bootstrap]")
@click.option("--json", "target", type=click.Path(path_type=Path, allow_dash=True), help="Write the result as JSON.")
def evaluate(
    *,
    requests: Path,
    labels: Path,
    by: tuple[str, ...],
    window: str | None,
    time: str,
    thresholds: tuple[str, ...],
    min_support: int | None,
    training_entities: Path | None,
    bootstrap: int | None,
    target: Path | None,
) -> None:
    """Score logged predictions against delayed labels, joined by key.

    Exits with 3 if a threshold is crossed.
    """
    from components.common.files import write_atomically
    from components.evaluator.delayed_labels.evaluation import WINDOW, DelayedLabelOptions, evaluate_delayed_labels
    from components.evaluator.delayed_labels.threshold import parse_threshold
    from configs.loading import load_config

    defaults = load_config(None).evaluator
    support = defaults.min_support if min_support is None else min_support
    rules = tuple(parse_threshold(text, support) for text in thresholds)
    if not window and any(rule.column == WINDOW for rule in rules):
        raise click.UsageError(f"a threshold on {WINDOW} needs --{WINDOW}")
    columns = tuple(dict.fromkeys([*by, *(rule.column for rule in rules if rule.column not in ("", WINDOW))]))
    options = DelayedLabelOptions(
        slicer=_slicer(defaults, columns, training_entities),
        bootstrap=defaults.bootstrap if bootstrap is None else bootstrap,
        window=window or "",
        time=time,
        rules=rules,
    )
    result = evaluate_delayed_labels(requests, labels, options)
    if str(target) == "-":
        click.echo(result.to_json(), nl=False)
    else:
        if target is not None:
            write_atomically(target, result.to_json().encode())
        _print(result.evaluation.overall, result.evaluation.slices, result.account)
    for outcome in result.evaluation.blessing.rules:
        click.secho(f"{outcome.state}: {outcome.text}", fg="red" if outcome.state == "failed" else None, err=True)
    for note in result.evaluation.blessing.notes if rules else ():
        click.echo(f"note: {note}", err=True)
    if result.crossed:
        raise SystemExit(CROSSED)


def _slicer(settings: EvaluatorSettings, columns: tuple[str, ...], training_entities: Path | None) -> Slicer:
    from components.evaluator.counts.slicing import ENTITY_SEEN, Slicer
    from components.evaluator.counts.training_entities import TrainingEntities

    known = None
    if ENTITY_SEEN in columns:
        if training_entities is None:
            raise click.UsageError(f"--by {ENTITY_SEEN} needs --training-entities FILE")
        known = TrainingEntities.from_bytes(training_entities.read_bytes(), str(training_entities))
    return Slicer(columns, settings.sentence_length, settings.entity_length, known)


def _print(overall: Comparison | None, slices: tuple[Comparison, ...], account: JoinAccount) -> None:
    from rich.console import Console

    console = Console()
    console.print(_scores(overall, slices))
    console.print(f"{account.scored} of {account.predictions} predictions scored", highlight=False)
    counts = {
        "predictions without a label": account.without_label,
        "labels without a prediction": account.without_prediction,
        "repeated predictions (the first counts)": account.duplicate_predictions,
        "repeated labels (the last counts)": account.duplicate_labels,
        "sentences whose label has a different text": account.misaligned,
    }
    for name, keys in counts.items():
        if keys.count:
            console.print(f"{name}: {keys}", highlight=False, markup=False, soft_wrap=True)
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
