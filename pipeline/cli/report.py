"""`ner report` and `ner learning-curve`."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from pathlib import Path

import click

from components.common.console import announce, standard_output
from components.common.errors import NerError, percent
from components.common.progress import progress_shown
from pipeline.cli.options import config_options


@click.command()
@click.argument("run", required=False)
@config_options
@click.option("--no-open", is_flag=True, help="Write the file and print its path without opening a browser.")
@click.option("--list", "only_list", is_flag=True, help="List the runs with their scores, newest first.")
@click.option("--against", metavar="RUN", help="Compare RUN with this earlier run, on the terminal.")
def report(
    *,
    run: str | None,
    profile: Path | None,
    settings: tuple[str, ...],
    no_open: bool,
    only_list: bool,
    against: str | None,
) -> None:
    """Show the report of RUN (default: the newest run).

    The report is one HTML file with scores against the champion, slices, errors, training, data, drift and the nodes of
    the run. RUN is an id that --list prints, or its first characters. Prints the path of the file and opens it in a
    browser if there is a screen. If the work folder cannot be written, the file goes to a temporary folder.
    """
    from components.common.faults import explain
    from configs.loading import load_config
    from pipeline.run.run_list import RunLine, print_run_comparison, print_runs
    from pipeline.run.run_record import read_run
    from pipeline.run.run_report import find_run, runs, write_report

    if only_list and (run is not None or against is not None):
        raise click.UsageError("--list shows all runs. Leave out RUN and --against, or --list.")
    config = load_config(profile, settings)
    if only_list:
        print_runs(standard_output(), [RunLine.of(read_run(config, run_id)) for run_id in runs(config)])
        return
    if against is not None:
        first, second = find_run(config, against), find_run(config, run)
        if first.run_id == second.run_id:
            raise NerError(
                f"--against {against}: is the run itself. Give another one; `ner report --list` shows the runs."
            )
        print_run_comparison(standard_output(), first, second)
        return
    try:
        with progress_shown("writing the report"):
            path = write_report(config, run)
    except OSError as error:  # reading a run must not need a writable folder
        folder = Path(tempfile.mkdtemp(prefix="ner-report-"))
        announce(f"warning: {explain(error) or error}\nThe report is in {folder}.", "yellow")
        path = write_report(config, run, folder)
    click.echo(path)
    if not no_open and _has_screen():
        webbrowser.open(path.as_uri())


def _has_screen() -> bool:
    """Returns False in CI and in a terminal without a display."""
    if os.environ.get("CI"):
        return False
    # Without X11 and Wayland `webbrowser` would open a text browser in the terminal; macOS and Windows need no display.
    return sys.platform in ("darwin", "win32") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))


@click.command("learning-curve")
@click.argument("run", required=False)
@config_options
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs on all the data [default: those of the run].")
def learning_curve(run: str | None, profile: Path | None, settings: tuple[str, ...], epochs: int | None) -> None:
    """Train on 1/8, 1/4, 1/2 and all of the training data of RUN (default: the newest run).

    It shows how much more labels would help, and takes about four times as long as the training of the run: every part
    is trained for equally many steps. `ner report` shows the result in its section More labels. RUN is an id that
    `ner report --list` prints, or its first characters.
    """
    from configs.loading import load_config

    config = load_config(profile, settings)
    announce(f"ner learning-curve: work folder {config.work_dir}; training on 1/8, 1/4, 1/2 and all of the data")
    with progress_shown("preparing the first part"):
        from pipeline.run.learning_curve import measure_learning_curve
        from pipeline.run.run_report import find_run

        record = find_run(config, run)
        for point in measure_learning_curve(config, record, epochs=epochs):
            click.echo(
                f"{point.sentences:>9,} sentences ({percent(point.share, 1)} of the data): entity F1 {point.f1:.3f}"
            )
