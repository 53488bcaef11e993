"""Exit codes of all commands, and their part of the help."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from pipeline.retraining import outcome

REFUSED = 3
"""The command did its work, and the result is not what the caller asked for."""
BUSY = os.EX_TEMPFAIL
"""Another process works on the same folder."""

_ALL = {
    0: "done",
    1: "an error; standard error says where, what and how to go on",
    2: "a wrong option or argument",
    130: "interrupted with Ctrl-C",
    143: "ended by SIGTERM",
}
# Full name of a command -> the meanings that it adds or replaces.
_OWN: Mapping[str, Mapping[int, str]] = {
    "clean": {BUSY: "a run uses the work folder; nothing was removed"},
    "data check": {1: "an error, or the corpus has errors", REFUSED: "the corpus has warnings (with --strict)"},
    "drift": {REFUSED: "a limit of the section drift is exceeded"},
    "evaluate": {REFUSED: "a rule or a threshold is not met"},
    "inspect": {1: "an error, or a check failed"},
    "kfp check": {1: "an error, or something is wrong"},
    "kfp run": {1: "an error, or the run failed (with --wait)"},
    "kfp wait": {1: "an error, or the run failed"},
    "predict": {
        REFUSED: "rows are in the file of --errors, or no row has a field of --forward; the output has the rest"
    },
    "retrain": {
        outcome.EXIT_CODES[outcome.PROMOTED]: "a new champion, or nothing is due",
        outcome.EXIT_CODES[outcome.REFUSED]: "the new model was refused",
        outcome.EXIT_CODES[outcome.STOPPED]: "the data was refused",
        outcome.EXIT_CODES[outcome.NOTHING_NEW]: "there is a reason to retrain, but no new data",
        outcome.EXIT_CODES[outcome.DUE]: "a retraining is due (with --dry-run)",
        outcome.EXIT_CODES[outcome.BUSY]: "another retraining is running",
    },
    "suggest": {REFUSED: "rows could not be read or tagged; the output has suggestions from the rest"},
    "run": {0: "done; the model was pushed, or the summary says why not"},
}


def exit_codes(name: str) -> dict[int, str]:
    """Returns the exit codes of a command and their meanings, by its full name, for example `kfp wait`.

    Example:
        >>> exit_codes("drift")[3]
        'a limit of the section drift is exceeded'
    """
    return dict(sorted({**_ALL, **_OWN.get(name, {})}.items()))


def with_exit_codes(command: click.Command) -> click.Command:
    """Adds the exit codes to the help of a command and of the commands below it; returns the command."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_exit_codes(below)
        return command

    def format_epilog(ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = ctx.command_path.split()[1:]
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exit_codes(" ".join(names)).items()])

    command.format_epilog = format_epilog  # type: ignore[method-assign]  # commands need no class for it
    return command
