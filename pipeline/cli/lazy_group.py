"""A click group whose help needs none of its commands' modules."""

from __future__ import annotations

import importlib

import click


class LazyGroup(click.Group):
    """A group that imports a command when it is called (click's own recipe, with help texts kept here).

    Give the table of commands with `click.group(cls=LazyGroup.of(table))`.
    """

    table: dict[str, tuple[str, str]] = {}  # noqa: RUF012 - a subclass has its own
    """Name -> ("module:attribute", one line of help)."""

    @classmethod
    def of(cls, table: dict[str, tuple[str, str]]) -> type[LazyGroup]:
        """Returns the group class of a table: name -> ("module:attribute" of the command, one line of help)."""
        return type(cls.__name__, (cls,), {"table": table})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the table's order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of a name, importing its module; None if there is none."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands and their lines of help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])
