"""`ner distill`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from components.common.console import announce
from pipeline.cli.options import config_options, data_option, needs_extra, with_corpus


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
    help="Texts: .txt (one a line), .jsonl, or a file or folder of a corpus. Repeatable.",
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

    from pipeline.local_run import run_locally
    from pipeline.run.summary import print_summary

    print_summary(run_locally(config))
