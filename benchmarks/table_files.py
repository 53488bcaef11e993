"""Tables as files and on the console."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.result_store import write_json, write_text

Rows = Sequence[Mapping[str, Any]]


def write_table(folder: Path, name: str, rows: Rows) -> None:
    """Writes `<name>.json` and `<name>.csv` with the same rows; JSON holds all digits, CSV five of them."""
    write_json(folder / f"{name}.json", list(rows))
    write_text(folder / f"{name}.csv", to_csv(rows))


def to_csv(rows: Rows) -> str:
    """Returns rows as CSV with a header; a row without a column leaves it empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: short(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def columns_of(rows: Rows) -> list[str]:
    """Returns the names of all columns, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in rows for name in row))


def short(value: Any) -> str:
    """Returns a value as text: five significant digits of a float, nothing for None."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.5g}"


def print_table(title: str, rows: Rows, columns: Sequence[str]) -> None:
    """Prints some columns of rows."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if rows and isinstance(rows[0].get(name), str) else "right")
    for row in rows:
        table.add_row(*(short(row.get(name)) for name in columns))
    Console(width=160, soft_wrap=True).print(table)
