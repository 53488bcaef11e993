"""`ner data`."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.exit_codes import REFUSED
from pipeline.cli.options import config_options, refuse_replacing

if TYPE_CHECKING:
    from components.corpus_tools.check import CorpusCheck


@click.group()
def data() -> None:
    """Check and generate corpora."""


@data.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--kind", type=click.Choice(["articles", "newswire"]), default="articles", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same files.")
def sample(folder: Path, kind: str, seed: int) -> None:
    """Write a generated corpus (train, dev, test) to FOLDER. Nothing is downloaded.

    "articles" is small (950 sentences) and has the sentences and tag names of the articles. "newswire" is larger (5,500
    sentences, CoNLL format). Both have four entity types, ambiguous words, and unseen entities in dev and test.
    """
    from pipeline.samples import write_sample

    for path in write_sample(folder, kind=kind, seed=seed):
        click.echo(path)


@data.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with the sentences."
)
@click.option("--strict", is_flag=True, help="End with exit code 3 if there are warnings.")
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, help="Cases to print; 0 for all.")
@config_options
def check(
    path: Path,
    *,
    as_json: bool,
    page: Path | None,
    strict: bool,
    top: int,
    profile: Path | None,
    settings: tuple[str, ...],
) -> None:
    """Look for mistakes in the corpus PATH, a folder or a file, before a training.

    Reads it as a run does, with the settings of the section corpus, and shows counts, likely mistakes of labels,
    repeated sentences and odd characters, each with file and line.
    """
    refuse_replacing({"--html": page}, {"PATH": path})
    from configs.loading import load_config

    config = load_config(profile, (*settings, f"corpus.path={path}"))
    from components.common.console import announce, standard_output
    from components.corpus_tools.check import Severity, check_corpus, print_check

    result = check_corpus(
        path, config.corpus, config.transform.tokenizer, lambda file: announce(f"ner data check: reading {file}")
    )
    if page is not None:
        _write_page(page, result)
    if as_json:
        click.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
    else:
        print_check(standard_output(), result, top)
    if result.number_of(Severity.ERROR):
        raise SystemExit(1)
    if strict and result.number_of(Severity.WARNING):
        raise SystemExit(REFUSED)


def _write_page(page: Path, result: CorpusCheck) -> None:
    from components.common.files import write_atomically
    from components.reporter.page.corpus_page import render_check

    write_atomically(page, render_check(result, datetime.datetime.now(datetime.UTC)))
    print(f"ner data check: {page} written", file=sys.stderr)
