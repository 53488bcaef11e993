"""`ner report`."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

import click

from pipeline.cli.options import config_options


@click.command()
@click.argument("run", required=False)
@config_options
@click.option("--no-open", is_flag=True, help="Write the file and print its path; open no browser.")
@click.option("--list", "only_list", is_flag=True, help="List the runs, the newest first.")
def report(run: str | None, profile: Path | None, settings: tuple[str, ...], no_open: bool, only_list: bool) -> None:
    """Show the report of RUN, the newest run by default.

    One HTML file with the scores against the champion, slices, errors, training, data and what the run did. RUN is an
    id that --list shows, or the beginning of one. Prints the file's path, and opens it where there is a screen.
    """
    from configs.loading import load_config
    from pipeline.run.run_report import runs, write_report

    config = load_config(profile, settings)
    if only_list:
        for name in runs(config):
            click.echo(name)
        return
    path = write_report(config, run)
    click.echo(path)
    if not no_open and _has_screen():
        webbrowser.open(path.as_uri())


def _has_screen() -> bool:
    """Whether a browser would be seen: not in CI, and not in a terminal without a display."""
    if os.environ.get("CI"):
        return False
    # Elsewhere than on X11 and Wayland a browser needs no display to be named; here it would be lynx, in the terminal.
    return sys.platform in ("darwin", "win32") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))
