"""`ner run`."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import config_options


@click.command()
@config_options
@click.option("--data", type=click.Path(path_type=Path), help="Corpus folder; the same as --set corpus.path=DIR.")
@click.option(
    "--force-bless",
    metavar="REASON",
    help="Push the model whatever its scores; the reason is recorded in the registry.",
)
@click.option("--warm-start", is_flag=True, help="Begin the training with the champion's weights.")
def run(
    profile: Path | None, settings: tuple[str, ...], data: Path | None, force_bless: str | None, warm_start: bool
) -> None:
    """Run the pipeline on this machine: labelled text in, a served tagger out.

    What did not change since an earlier run is taken from the cache.
    """
    from configs.loading import load_config

    if force_bless is not None and not force_bless.strip():
        raise click.UsageError("--force-bless needs a reason, which the registry keeps")
    if data is not None:
        settings = (*settings, f"corpus.path={data}")
    config = load_config(profile, settings)

    from pipeline.local_run import run_locally
    from pipeline.run.request import RunRequest
    from pipeline.run.summary import print_summary

    print_summary(run_locally(config, RunRequest(warm_start=warm_start, force_bless=(force_bless or "").strip())))
