"""`ner data`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def data() -> None:
    """Generate corpora."""


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
