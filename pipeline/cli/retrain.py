"""`ner retrain`."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import config_options


@click.command()
@config_options
@click.option("--data", type=click.Path(path_type=Path), help="Corpus folder; the same as --set corpus.path=DIR.")
@click.option(
    "--warm-start/--full", default=None, help="Begin with the champion's weights, or anew; retrain.warm_start."
)
@click.option("--force", default="", metavar="WHY", help="Retrain without other reason.")
@click.option("--dry-run", is_flag=True, help="Decide, and say why; do nothing.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON, on the last line.")
def retrain(
    profile: Path | None,
    settings: tuple[str, ...],
    data: Path | None,
    warm_start: bool | None,
    force: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Retrain if there is reason to, and let a better model take the champion's place.

    Reasons: new data (a span, or changed files), requests that drift, an old champion, a fallen score; see [retrain]
    and [drift] in the configuration. It may be interrupted and called again at any time.

    Exit status: 0 a new champion, or nothing was due; 3 the new model was refused; 4 the data was stopped; 5 there is
    reason to retrain, but no new data; 75 another retraining is running; 1 an error.
    """
    from configs.loading import load_config
    from pipeline.retraining.retrain import retrain as decide_and_retrain

    if data is not None:
        settings = (*settings, f"corpus.path={data}")
    config = load_config(profile, settings)
    warm = config.retrain.warm_start if warm_start is None else warm_start
    outcome = decide_and_retrain(config, warm, force.strip(), dry_run)
    if as_json:
        click.echo(outcome.to_json())
    else:
        for reason in outcome.reasons:
            click.echo(f"reason: {reason}")
        click.secho(f"{outcome.kind}: {outcome.text}", fg="yellow" if outcome.exit_code else "green")
    raise SystemExit(outcome.exit_code)
