"""`ner run`, `ner distill`, which runs with a teacher, and `ner clean`, which removes old runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from components.common.console import Column, Row, announce, print_table, standard_output
from components.common.errors import LockHeldError, counted
from components.common.progress import progress_shown
from pipeline.cli.exit_codes import BUSY
from pipeline.cli.options import config_options, data_option, needs_extra, with_corpus

if TYPE_CHECKING:
    from pipeline.cleaning.clean import Plan


@click.command()
@config_options
@data_option
@click.option(
    "--force-bless", metavar="REASON", help="Push the model regardless of its scores; the registry stores the reason."
)
@click.option("--warm-start", is_flag=True, help="Start the training from the champion's weights.")
@needs_extra("pipeline")
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
    announce(f"ner run: work folder {config.work_dir}; loading TensorFlow and TFX")
    with progress_shown("loading"):
        from pipeline.local_run import run_locally
        from pipeline.run.request import RunRequest
        from pipeline.run.summary import print_summary

    print_summary(run_locally(config, RunRequest(warm_start=warm_start, force_bless=(force_bless or "").strip())))


@click.command()
@click.option(
    "--teacher",
    required=True,
    metavar="MODEL",
    help="Version or alias, models:/NAME/VERSION, a work folder, or the folder of a trained model.",
)
@click.option(
    "--unlabelled",
    multiple=True,
    required=True,
    metavar="PATH",
    help="Texts: .txt (one a line), rows with `text` (.jsonl, .csv, .tsv, .parquet), or a corpus. Repeatable.",
)
@config_options
@data_option
@needs_extra("pipeline")
def distill(
    *, profile: Path | None, settings: tuple[str, ...], data: Path | None, teacher: str, unlabelled: tuple[str, ...]
) -> None:
    """Train a small tagger on labelled text and on a teacher's tags.

    \b
    ner distill --teacher encoder-work --unlabelled raw.txt --data corpus/

    It is `ner run` with trainer.teacher and trainer.unlabelled: the teacher gives the tokens of the unlabelled texts
    distributions over tags, and the tagger learns both. The exported model has the size and speed of the small tagger.
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    from configs.loading import load_config

    teaching = (f"trainer.teacher={json.dumps(teacher)}", f"trainer.unlabelled={json.dumps(unlabelled)}")
    config = load_config(profile, (*with_corpus(settings, data), *teaching))
    announce(f"ner distill: work folder {config.work_dir}; loading TensorFlow and TFX")
    with progress_shown("loading"):
        from pipeline.local_run import run_locally
        from pipeline.run.summary import print_summary

    print_summary(run_locally(config))


@click.command()
@click.option(
    "--keep", type=click.IntRange(min=1), required=True, metavar="N", help="Newest runs and versions to keep."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@config_options
@needs_extra("pipeline")
def clean(*, keep: int, dry_run: bool, profile: Path | None, settings: tuple[str, ...]) -> None:
    """Remove old runs, registered versions, served copies and leftovers from the work folder.

    The N newest runs stay, and the N newest versions; so do champion, previous version and candidate, every version
    with an alias or the tag `pinned`, or that models.config offers, and the runs that built them. A registry on a
    server is not changed.
    """
    from configs.loading import load_config
    from pipeline.cleaning.clean import clean as clean_folder
    from pipeline.cleaning.clean import plan_removal

    config = load_config(profile, settings)
    if not config.work_dir.is_dir():
        raise click.UsageError(f"work_dir {config.work_dir}: there is no such folder. Set it with --set work_dir=...")
    try:
        with progress_shown("looking for old runs" if dry_run else "removing old runs"):
            plan = plan_removal(config, keep) if dry_run else clean_folder(config, keep)
    except LockHeldError:
        announce(f"a run uses {config.work_dir}: nothing was removed. Wait until it has ended.", "yellow")
        raise SystemExit(BUSY) from None
    _print(plan, dry_run)


def _print(plan: Plan, dry_run: bool) -> None:
    from rich.filesize import decimal

    for note in plan.notes:
        announce(note, "yellow")
    console = standard_output()
    rows = [Row((removal.kind, removal.text, decimal(removal.freed))) for removal in plan.removals]
    if rows:
        print_table(console, [Column("kind", drop=1), Column("what"), Column("size", right=True)], rows)
    click.secho(f"{'would free' if dry_run else 'freed'} {decimal(plan.freed)}", bold=True)
    click.echo(f"kept: {counted(len(plan.runs), 'run')} ({', '.join(plan.runs) or 'none'})")
    versions = ", ".join(f"{number} ({reason})" for number, reason in plan.versions.items())
    click.echo(f"kept: version{'s' * (len(plan.versions) > 1)} {versions}" if versions else "kept: no version")
