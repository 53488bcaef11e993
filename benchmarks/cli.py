"""The commands: one a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.accuracy import AccuracyPlan, missing_models, open_jobs, served
from benchmarks.chosen_systems import chosen_systems
from benchmarks.corpus import corpus_folders, load_corpus
from benchmarks.jobs import run_jobs
from benchmarks.render import render_accuracy, render_scaling, render_serving
from benchmarks.result_store import ResultStore, write_json
from benchmarks.scaling import scaling_jobs
from benchmarks.serving import last_core, measure, sample, serving_record
from benchmarks.systems import OURS, PEERS
from components.common.errors import NerError
from configs.loading import load_config

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PRODUCTION = ROOT / "benchmarks" / "gpu" / "cnn_linear.json"


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that all tables have."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--data", multiple=True, required=True, type=path, help="Corpus folder, or folder of them."),
        click.option("--systems", default=",".join((*PEERS, OURS)), show_default=True, help="With commas between."),
        click.option("--tagger", default="cnn_linear", show_default=True, help="Which of our taggers `ours` is."),
        click.option("--set", "settings", multiple=True, metavar="SYSTEM.KEY=VALUE", help="Change a setting."),
        click.option("--results", type=path, default=RESULTS, show_default="benchmarks/results"),
        click.option("--work", type=path, default=ROOT / "work" / "benchmarks", help="Models and logs."),
        click.option("--peers-python", type=path, default=ROOT / ".venv-bench" / "bin" / "python"),
    ):
        function = option(function)
    return function


class _Group(click.Group):
    """Prints errors of the user's without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except NerError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Group)
def main() -> None:
    """Measure the tagger against its peers."""


@main.command()
@common
@click.option("--seeds", default="0,1,2", show_default=True, help="Numbers, with commas between.")
@click.option("--jobs", "at_a_time", default=1, show_default=True, help="Runs at a time.")
def accuracy(
    data: tuple[Path, ...],
    systems: str,
    tagger: str,
    settings: tuple[str, ...],
    results: Path,
    work: Path,
    peers_python: Path,
    seeds: str,
    at_a_time: int,
) -> None:
    """Train systems on corpora: entity F1 and what training costs. What has a result is not repeated."""
    chosen = tuple(chosen_systems(names(systems), tagger, settings))
    plan = AccuracyPlan(data, chosen, numbers(seeds), work / "models")
    folder = results / "accuracy"
    store = ResultStore(folder)
    tasks = plan.tasks()
    jobs = open_jobs(tasks, store, folder, peers_python)
    click.echo(f"{len(tasks)} runs, {len(tasks) - len(jobs)} have results")
    try:
        run_jobs(jobs, at_a_time, work / "logs", click.echo)
    finally:
        render_accuracy(results)  # what there is, even when a run failed


@main.command()
@common
@click.option("--sentences", "count", default=1000, show_default=True, help="Of the test split, at random.")
@click.option("--rounds", default=5, show_default=True, help="How often each system has its turn.")
@click.option("--core", type=int, default=None, help="What all are pinned to.  [default: the last one]")
def serving(
    data: tuple[Path, ...],
    systems: str,
    tagger: str,
    settings: tuple[str, ...],
    results: Path,
    work: Path,
    peers_python: Path,
    count: int,
    rounds: int,
    core: int | None,
) -> None:
    """Time trained systems, on one core and by turns; trains those that have no model in the work folder."""
    chosen = tuple(chosen_systems(names(systems), tagger, settings))
    tasks = AccuracyPlan(data, chosen, (0,), work / "models").tasks()
    run_jobs(missing_models(tasks, results / "accuracy", peers_python), 1, work / "logs", click.echo)
    for folder in corpus_folders(data):
        corpus = load_corpus(folder)
        texts = sample([sentence.text for sentence in corpus.test], count)
        own = [task for task in tasks if task.corpus == corpus.name]
        rows = measure(
            served(own, peers_python), texts, rounds, last_core() if core is None else core, work / "logs", click.echo
        )
        ResultStore(results / "serving").put(corpus.name, serving_record(corpus.name, rows, texts, rounds))
    render_serving(results)


@main.command()
@common
@click.option("--factors", default="1,2,4,8,16", show_default=True, help="How many times the corpus, with commas.")
@click.option("--epochs", default=3, show_default=True, help="Of each training; the first does not count.")
@click.option("--jobs", "at_a_time", default=1, show_default=True, help="Runs at a time.")
def scaling(
    data: tuple[Path, ...],
    systems: str,
    tagger: str,
    settings: tuple[str, ...],
    results: Path,
    work: Path,
    peers_python: Path,
    factors: str,
    epochs: int,
    at_a_time: int,
) -> None:
    """Train ours on a corpus and on multiples of it: time of an epoch, memory, share of time waiting for data."""
    del peers_python
    ours = [system for system in chosen_systems(names(systems), tagger, settings) if not system.is_peer]
    folder = results / "scaling"
    store = ResultStore(folder)
    jobs = [
        job
        for corpus in corpus_folders(data)
        for system in ours
        for job in scaling_jobs(corpus, numbers(factors), epochs, system, store, folder)
    ]
    click.echo(f"{len(jobs)} runs have no result yet")
    run_jobs(jobs, at_a_time, work / "logs", click.echo)
    render_scaling(results)


@main.command()
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, show_default="benchmarks/results")
def tables(results: Path) -> None:
    """Write all tables and pictures again from the stored measurements; measures nothing."""
    render_accuracy(results)
    render_serving(results)
    render_scaling(results)


@main.command()
def gpu_options() -> None:
    """Write the cnn_linear tagger's sizes to benchmarks/gpu/cnn_linear.json, for machines without PyYAML."""
    write_json(PRODUCTION, cnn_linear_options())


def names(text: str) -> tuple[str, ...]:
    """Reads names with commas between."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str) -> tuple[int, ...]:
    """Reads numbers with commas between.

    Raises:
        NerError: something else stands there.
    """
    try:
        return tuple(int(part) for part in names(text))
    except ValueError:
        raise NerError(f"{text!r} must be whole numbers with commas between, such as 0,1,2") from None


def cnn_linear_options() -> dict[str, Any]:
    """Returns the cnn_linear tagger's sizes by the configuration, without pretrained vectors."""
    options = load_config(None, ["trainer.tagger=cnn_linear"]).trainer.tagger_options
    options.pop("vectors", None)
    return options
