"""Progress of a job on standard error: a bar on a terminal, else a line every ten seconds."""

from __future__ import annotations

import sys
import time
from typing import Any

from components.common.errors import counted
from components.common.progress import RegularLines


class Progress:
    """Rows, rows per second, and the time that is left.

    tests/components/serving/batch_prediction/test_progress.py shows its lines.
    """

    def __init__(self, total: int | None, *, shown: bool = True) -> None:
        """Starts the clock.

        Args:
            total: last position of the input; None: unknown.
            shown: whether to show anything.
        """
        self._total = total
        self._start = time.monotonic()
        self._rows = self._done_before = self._first_position = self._position = 0
        self._bar: Any = None
        self._lines: RegularLines | None = None
        if shown and sys.stderr.isatty():
            self._bar = _bar(total)
        elif shown:
            self._lines = RegularLines(self.line, sys.stderr)

    def skip(self, rows: int, position: int) -> None:
        """Counts rows of an earlier run, which say nothing about the speed."""
        self._done_before += rows
        self._first_position = max(self._first_position, position)
        self.advance(rows, position)

    def advance(self, rows: int, position: int) -> None:
        """Counts rows; `position`: part of the input that was read when they were."""
        self._rows += rows
        self._position = max(self._position, position)
        if self._bar is not None:
            self._bar.update(0, completed=self._position, rows=f"{self._rows:,}", speed=f"{self._speed():,.0f}")

    def line(self) -> str:
        """Returns the present state."""
        share = f"{100 * self._position // self._total} %, " if self._total else ""
        rate = f", {self._speed():,.0f} rows/s" if self._rows else ""
        return f"{share}{counted(self._rows, 'row')}{rate}{self._left()}"

    def close(self) -> None:
        """Removes the bar, or ends the lines."""
        if self._bar is not None:
            self._bar.stop()
        if self._lines is not None:
            self._lines.stop()

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self._start

    def _speed(self) -> float:
        return (self._rows - self._done_before) / max(self.seconds, 1e-9)

    def _left(self) -> str:
        read = self._position - self._first_position
        if not self._total or read <= 0:
            return ""
        left = self.seconds * (self._total - self._position) / read
        minutes, seconds = divmod(round(left), 60)
        hours, minutes = divmod(minutes, 60)
        return f", {hours}:{minutes:02d}:{seconds:02d} left"


def _bar(total: int | None) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]} rows, {task.fields[speed]} rows/s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task("", total=total, rows="0", speed="0")
    bar.start()
    return bar
