"""A command of another package: `ner count` of docs/extending.md."""

from __future__ import annotations

import sys
from pathlib import Path

import click

GROUP = "deployable_ner.commands"


@click.command()
@click.argument("sentences", nargs=-1)
def count(sentences: tuple[str, ...]) -> None:
    """Print the number of tokens of each sentence."""
    for sentence in sentences:
        click.echo(len(sentence.split()))


def install(folder: Path, name: str, commands: dict[str, str], summary: str) -> None:
    """Writes the metadata of an installed distribution with entry points; `folder` must be on `sys.path`.

    Args:
        folder: folder of the metadata.
        name: name of the distribution.
        commands: command -> "module:attribute".
        summary: one line of help.
    """
    assert str(folder) in sys.path
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: {summary}\n")
    lines = [f"[{GROUP}]", *(f"{command} = {value}" for command, value in commands.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
