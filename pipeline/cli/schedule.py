"""`ner schedule`."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import click

from pipeline.cli.options import config_options


@click.command()
@click.option("--cron", required=True, metavar="EXPRESSION", help="Five fields as in crontab, e.g. '0 3 * * *'.")
@click.option("--local", is_flag=True, help="On this machine, as long as this command runs.")
@click.option("--next", "show", type=click.IntRange(min=1), metavar="N", help="Print the next N times; run nothing.")
@config_options
@click.option("--data", type=click.Path(path_type=Path), help="Corpus folder; the same as --set corpus.path=DIR.")
def schedule(
    cron: str, local: bool, show: int | None, profile: Path | None, settings: tuple[str, ...], data: Path | None
) -> None:
    """Run `ner retrain` at set times, local time.

    Each retraining is a process of its own: it may fail, and the next one comes all the same. End it with Ctrl-C, or
    run it as a service; `ner retrain` in a crontab or a systemd timer does the same.
    """
    from pipeline.retraining.cron import next_times
    from pipeline.retraining.schedule import run_at

    now = datetime.now().astimezone()
    if show is not None:
        for due in itertools.islice(next_times(cron, now), show):
            click.echo(due.isoformat(timespec="minutes"))
        return
    if not local:
        raise click.UsageError("say where: --local runs the retraining on this machine")
    from configs.loading import load_config

    load_config(profile, settings)  # what is wrong with it should be told now, and not at three in the morning
    command = _command(profile, settings, data)
    click.echo(f"next retraining: {next(next_times(cron, now)).isoformat(timespec='minutes')}")

    def act() -> None:
        click.echo(f"{datetime.now().astimezone().isoformat(timespec='seconds')} ner retrain")
        code = subprocess.run(command, check=False).returncode
        click.echo(f"ner retrain ended with {code}")
        click.echo(
            f"next retraining: {next(next_times(cron, datetime.now().astimezone())).isoformat(timespec='minutes')}"
        )

    run_at(cron, act)


def _command(profile: Path | None, settings: tuple[str, ...], data: Path | None) -> list[str]:
    command = [sys.executable, "-P", "-c", "from pipeline.cli.main import main; main()", "retrain"]
    command += ["--config", str(profile)] if profile is not None else []
    command += [part for setting in settings for part in ("--set", setting)]
    return command + (["--data", str(data)] if data is not None else [])
