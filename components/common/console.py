"""Tables and lines on the console.

A terminal shows the columns that fit; a pipe or a file gets all of them, without frames and colours.
"""

from __future__ import annotations

import codecs
import dataclasses
import io
import logging
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from components.common.errors import NerError

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2
_UNLIMITED = 100_000
_PADDED = 80  # characters of a line in a pipe to which long columns are padded


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: its heading.
        right: whether cells are aligned to the right, as numbers are.
        drop: place in the order in which columns are left out of a narrow terminal, 1 for the first; 0: never.
        long: whether few cells may be much longer than the others; a pipe does not align the next column with these.
    """

    heading: str
    right: bool = False
    drop: int = 0
    long: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: one text for each column.
        style: style of rich on a terminal, for example `bold`.
        section: whether an empty line separates it from the rows above.
    """

    cells: Sequence[str]
    style: str = ""
    section: bool = False


def standard_output() -> Console:
    """Returns a console on standard output; in a pipe or a file it has no limit of width."""
    from rich.console import Console, ConsoleDimensions

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise  # rich would end the process with 1

    console = Output(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNLIMITED  # rich assumes 80 columns, or COLUMNS
    elif console.is_dumb_terminal:
        console.size = ConsoleDimensions(*shutil.get_terminal_size())  # rich assumes 80 columns
    return console


class OutputError(NerError):
    """Standard output cannot be written, for example because its disk is full."""


class ReaderGoneError(BrokenPipeError):
    """The reader of standard output has enough, which is not an error of the command."""


class _StandardOutput(io.FileIO):
    """File of standard output whose errors name it."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise ReaderGoneError(*error.args) from error
        except OSError as error:
            raise OutputError(
                f"standard output: cannot be written ({error.strerror}). Free space there, or write to another file."
            ) from error


def prepare_standard_streams() -> None:
    r"""Names standard output in errors, and opens the null device for the streams that the shell closed.

    Without the latter the next files that are opened get their descriptors, and what libraries print there.

    Standard output takes every character: a locale without an encoding (C, POSIX) gets UTF-8, as in Python's UTF-8
    mode, another encoding `\u2013` for what it lacks. Names of files that are not UTF-8 keep their bytes.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free descriptor
    encoding = codecs.lookup(sys.stdout.encoding).name if sys.stdout else "utf-8"
    if encoding == "ascii" and not os.environ.get("PYTHONIOENCODING"):
        encoding = "utf-8"
    errors = "surrogateescape" if encoding == "utf-8" else "backslashreplace"
    buffer = io.BufferedWriter(_StandardOutput(1, "w", closefd=False))
    sys.stdout = io.TextIOWrapper(buffer, encoding, errors, line_buffering=os.isatty(1))
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", write_through=True)


def announce(text: str, color: str | None = None) -> None:
    """Prints a line on standard error: an error, a note, or what runs now; a terminal breaks it between words."""
    import click

    width = shutil.get_terminal_size().columns
    click.secho(wrapped(text, width) if sys.stderr.isatty() else text, fg=color, err=True)


class ConsoleHandler(logging.Handler):
    """Prints warnings and errors of a log as `announce` does, without the names of loggers.

    tests/pipeline/cli/test_main.py shows a warning.
    """

    def __init__(self) -> None:
        """Leaves out everything below a warning."""
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line that begins with the level."""
        announce(f"{record.levelname.lower()}: {self.format(record)}", "yellow")


def print_line(console: Console, text: str, style: str = "", label: str = "", label_style: str = "") -> None:
    """Prints a line; a terminal breaks it between words, a pipe or a file gets it as it is.

    Args:
        console: where to print.
        text: the line.
        style: style of rich on a terminal.
        label: beginning of the line.
        label_style: style of the label.
    """
    from rich.text import Text

    text = label + text
    line = Text(wrapped(text, console.width) if console.is_terminal else text, style)
    line.stylize(label_style, 0, len(label))
    console.print(line, soft_wrap=True, highlight=False)


def wrapped(text: str, columns: int, start: str = "") -> str:
    """Breaks the lines of a text between words, and indents what follows; a longer word, such as a path, stays whole.

    Args:
        text: the text.
        columns: of the terminal.
        start: beginning of the first line, under whose end the others begin.

    Example:
        >>> print(wrapped("    pushed as version 3 to work/serving/ner/3", 24))
            pushed as version 3
              to
              work/serving/ner/3
    """
    lines: list[str] = []
    for line in text.split("\n"):
        indent = len(start) or len(line) - len(line.lstrip()) + _GAP
        lines.append(
            textwrap.fill(
                line,
                columns,
                initial_indent="" if lines else start,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
                replace_whitespace=False,
            )
        )
    return "\n".join(lines)


def print_table(console: Console, columns: Sequence[Column], rows: Iterable[Row], title: str = "") -> None:
    """Prints a table.

    No cell is cut. On a narrow terminal columns are left out in the order of `Column.drop`, and a line names them and
    the way to see them; if that is not enough, long cells continue on the next line.

    Example (`tests/components/common/test_console.py` shows more):
        >>> rows = [Row(("PER", "0.91")), Row(("all", "0.87"), section=True)]
        >>> print_table(standard_output(), [Column("type"), Column("F1", right=True)], rows)
        type    F1
        PER   0.91
        <BLANKLINE>
        all   0.87
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    shown, dropped = _fitting(columns, rows, console.width)
    framed = console.is_terminal and not console.is_dumb_terminal
    if title:
        print_line(console, title, "bold")
    if not console.is_terminal and any(column.long for column in columns):
        console.file.writelines(f"{line}\n" for line in _loose_lines(columns, rows))
        return
    table = Table(
        box=box.SIMPLE_HEAD if framed else None,
        padding=(0, _GAP - 1 if framed else _GAP, 0, 0),  # a frame adds a space
        pad_edge=False,
        show_edge=False,
        header_style="bold" if framed else "",
    )
    for index in shown:
        column = columns[index]
        table.add_column(Text(column.heading), justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        if row.section:
            table.add_row()
        table.add_row(*(Text(row.cells[index]) for index in shown), style=row.style or None)
    if framed:
        console.print(table)
    else:
        with console.capture() as capture:
            console.print(table)
        console.file.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))
    if dropped:
        print_line(
            console, f"left out for lack of room: {', '.join(dropped)}; a pipe (`| cat`) shows all columns", "dim"
        )


def has_room(console: Console, columns: Sequence[Column], rows: Sequence[Row]) -> bool:
    """Returns whether all columns of a table fit."""
    return not _fitting(columns, rows, console.width)[1]


def _loose_lines(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    """Yields the lines of a table whose long columns are padded only as far as the line has `_PADDED` characters."""
    from rich.cells import cell_len

    table = [Row([column.heading for column in columns]), *rows]
    widths = [max(cell_len(row.cells[index]) for row in table) for index in range(len(columns))]
    others = sum(width for width, column in zip(widths, columns, strict=True) if not column.long)
    room = (_PADDED - others - _GAP * (len(columns) - 1)) // sum(column.long for column in columns)
    for row in table:
        if row.section:
            yield ""
        cells = []
        for cell, column, width in zip(row.cells, columns, widths, strict=True):
            padding = " " * ((min(width, room) if column.long else width) - cell_len(cell))
            cells.append(padding + cell if column.right else cell + padding)
        yield (" " * _GAP).join(cells).rstrip()


def _fitting(columns: Sequence[Column], rows: Sequence[Row], width: int) -> tuple[list[int], list[str]]:
    """Returns the indices of the columns that fit, and the headings of the others."""
    from rich.cells import cell_len

    texts = [[column.heading, *(row.cells[index] for row in rows)] for index, column in enumerate(columns)]
    widths = [max(cell_len(line) for text in column for line in (text.splitlines() or [""])) for column in texts]
    shown = list(range(len(columns)))
    for index in sorted((index for index in shown if columns[index].drop), key=lambda index: columns[index].drop):
        if sum(widths[at] for at in shown) + _GAP * (len(shown) - 1) <= width:
            break
        shown.remove(index)
    return shown, [column.heading for index, column in enumerate(columns) if index not in shown]
