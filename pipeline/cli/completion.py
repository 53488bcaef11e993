"""`ner completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_NER_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands, options and file names.

    \b
    bash: ner completion bash > ~/.local/share/bash-completion/completions/ner
    zsh:  ner completion zsh > a folder of $fpath, as _ner
    fish: ner completion fish > ~/.config/fish/completions/ner.fish
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    complete = get_completion_class(shell)
    assert complete is not None  # click has all three
    click.echo(complete(ctx.find_root().command, {}, "ner", _VARIABLE).source())
