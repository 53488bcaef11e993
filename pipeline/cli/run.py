"""`ner run`."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import config_options, data_option, with_corpus


@click.command()
@config_options
@data_option
@click.option(
    "--force-bless", metavar="REASON", help="Push the model regardless of its scores; the registry stores the reason."
)
@click.option("--warm-start", is_flag=True, help="Start the training from the champion's weights.")
def run(
    *, profile: Path | None, settings: tuple[str, ...], data: Path | None, force_bless: str | None, warm_start: bool
) -> None:
    """Run the pipeline on this machine: labelled text in, a served tagger out.

    Results of an earlier run are taken from the cache if their inputs are unchanged.
    """
    from configs.loading import load_config

    if force_bless is not None and not force_bless.strip():
        raise click.UsageError("--force-bless: the reason is empty. The registry stores it, so give one.")
    config = load_config(profile, with_corpus(settings, data))

    from pipeline.local_run import run_locally
    from pipeline.run.request import RunRequest
    from pipeline.run.summary import print_summary

    print_summary(run_locally(config, RunRequest(warm_start=warm_start, force_bless=(force_bless or "").strip())))
