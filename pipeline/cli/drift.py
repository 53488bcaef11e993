"""`ner drift`."""

from __future__ import annotations

from pathlib import Path

import click

from components.common.errors import NerError
from pipeline.cli.options import config_options

DRIFTED = 3
"""Exit status when a limit is passed; errors have 1."""


@click.command()
@click.argument("requests", required=False, type=click.Path(path_type=Path, dir_okay=False))
@config_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def drift(requests: Path | None, profile: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Hold logged REQUESTS (JSON lines; by default drift.requests) against the champion's training data.

    Exit status 3 when a limit of [drift] is passed. How a new span compares is measured by each run.
    """
    from components.drift_validator.drift_thresholds import IGNORE
    from components.registry.names import CHAMPION
    from components.registry.store.model_registry import ModelRegistry
    from configs.loading import load_config
    from pipeline.retraining.request_drift import request_drift

    config = load_config(profile, settings)
    log = requests or config.drift.requests
    if log is None:
        raise click.UsageError("name a log of requests, or set drift.requests")
    registry = ModelRegistry(config.registry_uri)
    champion = registry.require(config.name, CHAMPION)
    report = request_drift(config, registry, champion, log)
    if report is None:
        raise NerError(
            f"{champion.name} version {champion.version} was registered without a profile of its data; train a new one"
        )
    if as_json:
        click.echo(report.to_json(), nl=False)
    else:
        click.echo(f"{report.sentences[1]} requests, {report.sentences[0]} sentences of version {champion.version}")
        for distance in report.drifts:
            click.secho(str(distance), fg="yellow" if distance.exceeded else None)
        if not report.enough:
            click.echo(f"too few for the limits to count ([drift -> min_sentences] is {config.drift.min_sentences})")
    raise SystemExit(DRIFTED if report.drifted and config.drift.action != IGNORE else 0)
