"""Commands, one for each table."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.accuracy import Run, plan_runs, run_commands
from benchmarks.corpus import corpus_folders, load_corpus, part_of
from benchmarks.machine import ROOT, description, run_all
from benchmarks.results import write_json
from benchmarks.scaling import node_commands, scaling_commands
from benchmarks.serving import candidates, last_core, measure
from benchmarks.sizes import size_commands
from benchmarks.systems import OURS, PEERS, System, choose_systems
from benchmarks.tables import render_accuracy, render_nodes, render_scaling, render_serving, render_sizes
from components.common.errors import NerError, counted
from configs.loading import load_config

RESULTS = ROOT / "benchmarks" / "results"
GPU_OPTIONS = ROOT / "benchmarks" / "gpu" / "cnn_linear.json"
_PATH = click.Path(path_type=Path)


@dataclasses.dataclass(frozen=True)
class Common:
    """Options of all measuring commands."""

    data: tuple[Path, ...]
    systems: str
    tagger: str
    settings: tuple[str, ...]
    results: Path
    work: Path
    peers_python: Path
    jobs: int
    force: bool

    def chosen(self) -> list[System]:
        """Returns the chosen systems."""
        return choose_systems(names(self.systems), self.tagger, self.settings)

    def measure_missing(self, commands: dict[str, list[str]], folder: Path) -> None:
        """Runs the commands without a result in the folder, or all of them by force."""
        measure_missing(commands, folder, self.work, self.jobs, force=self.force)


def measure_missing(
    commands: dict[str, list[str]], folder: Path, work: Path, jobs: int = 1, *, force: bool = False
) -> None:
    """Runs the commands without a result in the folder, or all of them by force; logs go to the work folder."""
    missing = {name: command for name, command in commands.items() if force or not (folder / f"{name}.json").exists()}
    present = len(commands) - len(missing)
    click.echo(f"{len(commands)} runs, {present} have results" + (" (--force repeats them)" if present else ""))
    run_all(missing, jobs, work / "logs", click.echo)


_RESULTS = click.option("--results", type=_PATH, default=RESULTS, show_default="benchmarks/results")
_WORK = click.option(
    "--work", type=_PATH, default=ROOT / "work" / "benchmarks", help="Folder for corpora, models and logs."
)
_FORCE = click.option("--force", is_flag=True, help="Repeat measurements that have results.")
_MODEL = click.option("--model", type=_PATH, required=True, help="Exported SavedModel.")


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of `Common` to a command, which receives them as its first argument."""

    @functools.wraps(function)
    def command(**options: Any) -> None:
        fields = {field.name: options.pop(field.name) for field in dataclasses.fields(Common)}
        function(Common(**fields), **options)

    options = (
        click.option("--data", multiple=True, required=True, type=_PATH, help="Corpus folder, or folder of them."),
        click.option("--systems", default=",".join((*PEERS, OURS)), show_default=True, help="Separated by commas."),
        click.option("--tagger", default="cnn_linear", show_default=True, help="Tagger of `ours`."),
        click.option("--set", "settings", multiple=True, metavar="SYSTEM.KEY=VALUE", help="Change a setting."),
        _RESULTS,
        _WORK,
        click.option("--peers-python", type=_PATH, default=ROOT / ".venv-bench" / "bin" / "python"),
        click.option("--jobs", default=1, show_default=True, help="Processes at a time."),
        _FORCE,
    )
    for option in reversed(options):
        option(command)
    return command


class _Group(click.Group):
    """A group that prints a user's errors without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except NerError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Group)
def main() -> None:
    """Compare our taggers with other systems."""


@main.command()
@common
@click.option("--seeds", default="0,1,2", show_default=True, help="Numbers, separated by commas.")
def accuracy(options: Common, seeds: str) -> None:
    """Train systems on corpora: entity F1 and the cost of training."""
    folder = options.results / "accuracy"
    runs = plan_runs(options.data, options.chosen(), numbers(seeds), options.work / "models")
    try:
        options.measure_missing(run_commands(runs, folder, options.peers_python), folder)
    finally:
        render_accuracy(options.results)  # all results so far, even when a run failed


@main.command()
@common
@click.option("--sentences", "count", default=1000, show_default=True, help="Random sentences of the test split.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each system.")
@click.option("--core", type=int, default=None, help="Core that all processes are pinned to.  [default: the last one]")
def serving(options: Common, count: int, rounds: int, core: int | None) -> None:
    """Time trained systems on one core, in turns; systems without a model in the work folder are trained first."""
    runs = plan_runs(options.data, options.chosen(), (0,), options.work / "models")
    untrained = [run for run in runs if not run.model_folder.is_dir()]
    commands = run_commands(untrained, options.results / "accuracy", options.peers_python)
    run_all(commands, 1, options.work / "logs", click.echo)
    for folder in corpus_folders(options.data):
        _time_on_corpus(options, [run for run in runs if Path(run.folder) == folder.resolve()], count, rounds, core)
    render_serving(options.results)


def _time_on_corpus(options: Common, runs: list[Run], count: int, rounds: int, core: int | None) -> None:
    corpus = load_corpus(Path(runs[0].folder))
    sentences = [sentence.text for sentence in part_of(corpus.test, count)]
    rows = measure(
        candidates(runs, options.peers_python),
        sentences,
        rounds,
        last_core() if core is None else core,
        logs=options.work / "logs",
        show=click.echo,
    )
    record = {
        "corpus": corpus.name,
        "machine": description(),
        "sentences": len(sentences),
        "tokens": sum(len(sentence.split()) for sentence in sentences),
        "rounds": rounds,
        "rows": rows,
    }
    write_json(options.results / "serving" / f"{corpus.name}.json", record)


@main.command()
@common
@click.option("--factors", default="1,2,4,8,16", show_default=True, help="Numbers of copies of the corpus.")
@click.option("--epochs", default=3, show_default=True, help="Epochs of each training; the first does not count.")
def scaling(options: Common, factors: str, epochs: int) -> None:
    """Train our tagger on multiples of a corpus: time of an epoch, memory, share of time waiting for data."""
    folder = options.results / "scaling"
    commands: dict[str, list[str]] = {}
    for corpus in corpus_folders(options.data):
        for system in options.chosen():
            if not system.is_peer:
                commands |= scaling_commands(corpus, numbers(factors), epochs, system, folder)
    options.measure_missing(commands, folder)
    render_scaling(options.results)


@main.command()
@click.option("--sentences", default="10000,100000", show_default=True, help="Sizes of the train split.")
@click.option(
    "--most-words",
    type=click.IntRange(min=3),
    default=9,
    show_default=True,
    help="Words of the longest sentences; names add some.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting of the pipeline.")
@_RESULTS
@_WORK
@_FORCE
def scale(sentences: str, most_words: int, settings: tuple[str, ...], results: Path, work: Path, force: bool) -> None:
    """Run the pipeline on made-up corpora: seconds per 100,000 sentences and peak memory of each node."""
    folder = results / "scale"
    commands = node_commands(numbers(sentences), most_words, work, settings, folder)
    try:
        measure_missing(commands, folder, work, force=force)
    finally:
        render_nodes(results)


@main.command()
@common
@click.option(
    "--sentences", default="100,300,1000,3000,0", show_default=True, help="Numbers; 0: the whole train split."
)
@click.option("--seeds", default="0,1,2,3,4", show_default=True, help="Each chooses another part of the train split.")
def sizes(options: Common, sentences: str, seeds: str) -> None:
    """Train systems on random parts of the train split: entity F1 by their size."""
    folder = options.results / "sizes"
    commands = size_commands(
        corpus_folders(options.data),
        options.chosen(),
        numbers(sentences),
        numbers(seeds),
        folder,
        options.peers_python,
        force=options.force,
    )
    click.echo(f"{counted(len(commands), 'run')} to measure")
    try:
        run_all(commands, options.jobs, options.work / "logs", click.echo)
    finally:
        render_sizes(options.results)


@main.command()
@_RESULTS
def tables(results: Path) -> None:
    """Write all tables and pictures again from the stored measurements."""
    render_accuracy(results)
    render_serving(results)
    render_scaling(results)
    render_sizes(results)
    render_nodes(results)


@main.command()
@_MODEL
@click.option("--corpus", type=_PATH, required=True, help="Corpus folder with train, dev and test files.")
@click.option("--sentences", default=100_000, show_default=True)
@click.option("--workers", default="1", show_default=True, help="Numbers of Beam workers, separated by commas.")
@click.option("--mode", default="multi_threading", show_default=True, help="Beam's mode for several workers.")
def evaluation(model: Path, corpus: Path, sentences: int, workers: str, mode: str) -> None:
    """Compare the cost of an evaluation with that of inference; prints a line of JSON for each measurement."""
    from benchmarks.evaluation import measure_evaluation

    measure_evaluation(model, corpus, sentences, numbers(workers), mode, click.echo)


@main.command()
@_MODEL
@click.option("--versions", default=1000, show_default=True, help="Versions to list.")
@click.option("--folder", type=_PATH, help="Folder for the temporary registry, to choose a disk.")
def registry(model: Path, versions: int, folder: Path | None) -> None:
    """Time pushes to a registry, and the list of many versions; prints a line of JSON for each measurement."""
    from benchmarks.registry import measure_registry

    measure_registry(model, versions, folder, click.echo)


@main.command()
def gpu_options() -> None:
    """Write the sizes of the cnn_linear tagger to benchmarks/gpu/cnn_linear.json, for machines without PyYAML."""
    write_json(GPU_OPTIONS, cnn_linear_options())


def names(text: str) -> tuple[str, ...]:
    """Splits names at commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str) -> tuple[int, ...]:
    """Reads numbers separated by commas.

    Raises:
        NerError: a part is not a whole number.
    """
    try:
        return tuple(int(part) for part in names(text))
    except ValueError:
        raise NerError(f"{text!r}: not whole numbers. Separate them by commas, such as 0,1,2.") from None


def cnn_linear_options() -> dict[str, Any]:
    """Returns the configured sizes of the cnn_linear tagger, without pretrained vectors."""
    options = load_config(None, ["trainer.tagger=cnn_linear"]).trainer.for_windows(sys.maxsize).tagger_options
    options.pop("vectors", None)
    return options
