"""`ner drift`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from components.common.console import announce
from components.common.errors import NerError, counted
from components.common.files import write_atomically
from components.common.progress import progress_shown
from pipeline.cli.exit_codes import REFUSED
from pipeline.cli.options import config_options, refuse_replacing

if TYPE_CHECKING:
    from components.drift_validator.drift_report import DriftReport


@click.command()
@click.argument("requests", required=False, type=click.Path(path_type=Path, dir_okay=False))
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an HTML page with history (replaced if it exists).",
)
def drift(
    requests: Path | None, profile: Path | None, settings: tuple[str, ...], as_json: bool, output: Path | None
) -> None:
    """Compare logged REQUESTS (JSON lines; default: drift.requests) with the champion's training data.

    Every run compares its newest span by itself.
    """
    from configs.loading import load_config

    config = load_config(profile, settings)
    log = requests or config.drift.requests
    if log is None:
        raise click.UsageError("REQUESTS is missing. Give a log of requests, or set drift.requests.")
    refuse_replacing({"--output": output}, {"REQUESTS": Path(log)})
    announce(f"ner drift: reading {log}")
    with progress_shown("comparing"):
        from components.registry.model_registry import ModelRegistry
        from components.registry.names import CHAMPION
        from pipeline.retraining.request_drift import request_drift

        registry = ModelRegistry(config.registry_uri)
        champion = registry.require(config.name, CHAMPION)
        report = request_drift(config, registry, champion, log)
    if report is None:
        raise NerError(
            f"{champion.name} version {champion.version}: registered without a data profile. Train a new version."
        )
    if output is not None:
        _write_page(output, report, f"{champion.name} version {champion.version}", log)
    if as_json:
        click.echo(report.to_json(), nl=False)
    else:
        known, logged = report.sentences
        click.echo(f"{counted(logged, 'request')}, {counted(known, 'sentence')} of version {champion.version}")
        for distance in report.drifts:
            click.secho(str(distance), fg="yellow" if distance.exceeded else None)
        click.echo(report.verdict)
    raise SystemExit(REFUSED if report.drifted and config.drift.action != "ignore" else 0)


def _write_page(output: Path, report: DriftReport, model: str, log: Path) -> None:

    from components.reporter.page.history import with_history
    from components.reporter.page.monitoring import drift_entry, render_drift

    now = datetime.datetime.now(datetime.timezone.utc)
    history = with_history(output, drift_entry(report, model, now))
    page = render_drift(report, model=model, requests=log.name, created=now, history=history)
    write_atomically(output, page)
    click.echo(output, err=True)
