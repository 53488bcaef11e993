"""`ner data`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def data() -> None:
    """Corpora."""


@data.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--kind", type=click.Choice(["articles", "newswire"]), default="articles", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same files.")
def sample(folder: Path, kind: str, seed: int) -> None:
    """Write a generated corpus (train, dev, test) to FOLDER; nothing is downloaded.

    "articles" are the articles' sentences: names, verbs, places. "newswire" is richer: four entity types, many
    templates, and entities in the test split that training never saw.
    """
    from pipeline.samples.sample import write_sample

    for path in write_sample(folder, kind=kind, seed=seed):
        click.echo(path)
