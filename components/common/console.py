"""Tables and lines on the console.

A terminal shows the columns that fit; a pipe or a file gets all of them, without frames and colours.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2
_UNLIMITED = 100_000


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: its heading.
        right: whether cells are aligned to the right, as numbers are.
        drop: place in the order in which columns are left out of a narrow terminal, 1 for the first; 0: never.
    """

    heading: str
    right: bool = False
    drop: int = 0


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
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNLIMITED  # rich assumes 80 columns, or COLUMNS
    return console


def announce(text: str) -> None:
    """Prints a line on standard error before work that is silent for more than a second, such as large imports."""
    print(text, file=sys.stderr, flush=True)


def print_line(console: Console, text: str, style: str = "") -> None:
    """Prints a line as it is; the terminal wraps it."""
    console.print(text, style=style or None, soft_wrap=True, highlight=False, markup=False)


def print_table(console: Console, columns: Sequence[Column], rows: Iterable[Row], title: str = "") -> None:
    """Prints a table.

    No cell is cut. On a narrow terminal columns are left out in the order of `Column.drop`, and a line names them; if
    that is not enough, long cells continue on the next line.

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
    if title:
        print_line(console, title, "bold")
    table = Table(
        box=box.SIMPLE_HEAD if console.is_terminal else None,
        padding=(0, _GAP - 1 if console.is_terminal else _GAP, 0, 0),  # a frame adds a space
        pad_edge=False,
        show_edge=False,
        header_style="bold" if console.is_terminal else "",
    )
    for index in shown:
        column = columns[index]
        table.add_column(Text(column.heading), justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        if row.section:
            table.add_row()
        table.add_row(*(Text(row.cells[index]) for index in shown), style=row.style or None)
    if console.is_terminal:
        console.print(table)
    else:
        with console.capture() as capture:
            console.print(table)
        console.file.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))
    if dropped:
        print_line(console, f"left out for lack of room: {', '.join(dropped)}", "dim")


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
