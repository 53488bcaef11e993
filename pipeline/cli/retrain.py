"""`ner retrain`, and `ner schedule`, which runs it at set times."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import click

from components.common import interruption
from components.common.console import announce
from pipeline.cli.options import config_options, data_option, needs_extra, with_corpus
from pipeline.registry_view.outside_changes import warn_of_outside_changes


@click.command()
@config_options
@data_option
@click.option(
    "--warm-start/--full", default=None, help="Start from the champion's weights, or afresh; see retrain.warm_start."
)
@click.option("--force", default="", metavar="WHY", help="Retrain without another reason.")
@click.option("--dry-run", is_flag=True, help="Only decide, and print the reason.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON, on the last line.")
@needs_extra("pipeline")
def retrain(
    *,
    profile: Path | None,
    settings: tuple[str, ...],
    data: Path | None,
    warm_start: bool | None,
    force: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Retrain if there is a reason, and promote the new model unless it is worse.

    Reasons: new data (a span, or changed files), drift of logged requests, an old champion, a lower score; see the
    sections `retrain` and `drift` of the configuration. An interrupted retraining can be started again at any time.
    """
    from components.registry.model_registry import ModelRegistry
    from configs.loading import load_config
    from pipeline.retraining.retrain import retrain as decide_and_retrain

    config = load_config(profile, with_corpus(settings, data))
    announce(f"ner retrain: work folder {config.work_dir}; reading registry and corpus")
    warn_of_outside_changes(ModelRegistry(config.registry_uri), config.name)
    warm = config.retrain.warm_start if warm_start is None else warm_start
    outcome = decide_and_retrain(config, warm_start=warm, force=force.strip(), dry_run=dry_run)
    if as_json:
        click.echo(outcome.to_json())
    else:
        for reason in outcome.reasons:
            if reason not in outcome.text:
                click.echo(f"reason: {reason}")
        click.secho(f"{outcome.kind}: {outcome.text}", fg="yellow" if outcome.exit_code not in (0, 10) else "green")
    raise SystemExit(outcome.exit_code)


@click.command()
@click.option("--cron", required=True, metavar="EXPRESSION", help="Five fields as in crontab, e.g. '0 3 * * *'.")
@click.option("--local", is_flag=True, help="On this machine, as long as this command runs.")
@click.option("--next", "show", type=click.IntRange(min=1), metavar="N", help="Only print the next N times.")
@config_options
@data_option
def schedule(
    *,
    cron: str,
    local: bool,
    show: int | None,
    profile: Path | None,
    settings: tuple[str, ...],
    data: Path | None,
) -> None:
    """Run `ner retrain` at set times, in local time.

    Each retraining is a separate process; if one fails, the next one runs nevertheless. Stop it with Ctrl-C, or run it
    as a service. `ner retrain` in a crontab or a systemd timer has the same effect.
    """
    from pipeline.retraining.cron import next_times, run_at

    now = datetime.now().astimezone()
    if show is not None:
        for due in itertools.islice(next_times(cron, now), show):
            click.echo(due.isoformat(timespec="minutes"))
        return
    if not local:
        raise click.UsageError("--local is missing: this command runs the retraining on this machine only.")
    from components.common.extras import require_extra
    from configs.loading import load_config

    require_extra("pipeline", "ner schedule")
    load_config(profile, settings)  # reports an invalid configuration now instead of at the first due time

    def act() -> None:
        click.echo(f"{datetime.now().astimezone().isoformat(timespec='seconds')} ner retrain")
        code = _run_apart(_command(profile, settings, data))
        click.echo(f"ner retrain ended with {code}")
        click.echo(_next_line(cron))

    click.echo(_next_line(cron))
    run_at(cron, act)


def _run_apart(command: list[str]) -> int:
    """Runs a command and returns its exit code; an interruption is passed on, and waits for the state to be saved."""
    with subprocess.Popen(command, start_new_session=True) as process:  # a terminal's Ctrl-C reaches it once, from here
        try:
            return process.wait()
        except interruption.Interrupted as error:
            process.send_signal(error.number)
            with interruption.postponed():
                process.wait()
            raise


def _next_line(cron: str) -> str:
    from pipeline.retraining.cron import next_times

    due = next(next_times(cron, datetime.now().astimezone()))
    return f"next retraining: {due.isoformat(timespec='minutes')}"


def _command(profile: Path | None, settings: tuple[str, ...], data: Path | None) -> list[str]:
    command = [sys.executable, "-P", "-c", "from pipeline.cli.main import command; command()", "retrain"]
    command += ["--config", str(profile)] if profile is not None else []
    command += [part for setting in settings for part in ("--set", setting)]
    return command + (["--data", str(data)] if data is not None else [])
