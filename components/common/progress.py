"""Progress of long work: the work reports it, and the command around it shows it.

A terminal shows it as its last line, a pipe or a file as a line after every ten seconds without another. In a test or a
container nobody listens, so that nothing is shown.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_listeners: list[Callable[[str, int, int, bool], None]] = []
_BAR_WIDTH = 20  # with the longest texts next to it the line fits 80 columns
_REFRESHES = 4  # a second
_SILENT_SECONDS = 10.0


def report_progress(work: str, done: int, total: int, *, steady: bool = False) -> None:
    """Reports that `done` of at most `total` steps of the work are done.

    Args:
        work: a word or two.
        done: finished steps.
        total: 0: unknown.
        steady: whether all steps take the same time, so that the time that is left can be estimated.
    """
    for listener in _listeners:
        listener(work, done, total, steady)


@contextlib.contextmanager
def progress_to(listener: Callable[[str, int, int, bool], None]) -> Iterator[None]:
    """Passes each report to a function.

    Example:
        >>> with progress_to(lambda work, done, total, steady: print(f"{work}: {done}/{total}")):
        ...     report_progress("training", 3, 10)
        training: 3/10
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextlib.contextmanager
def progress_shown(work: str) -> Iterator[None]:
    """Shows reports of the block on standard error.

    Args:
        work: shown until the first report.
    """
    from rich.console import Console

    line = ProgressLine(Console(file=sys.stderr, highlight=False, markup=False, emoji=False), redirect=True)
    line.begin(work)
    try:
        with progress_to(line.show):
            yield
    finally:
        line.remove()


class RegularLines:
    """Lines about long work in a pipe or a file: one after every ten seconds without another.

    Example: `tests/components/common/test_progress.py`.
    """

    def __init__(self, line: Callable[[], str], stream: IO[str]) -> None:
        """Starts the clock.

        Args:
            line: returns the present state; it is called in another thread.
            stream: where to print.
        """
        self._line, self._stream = line, stream
        self._printed = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._print, name="progress", daemon=True)
        self._thread.start()

    def postpone(self) -> None:
        """Counts the ten seconds from now on: something else was printed."""
        self._printed = time.monotonic()

    def stop(self) -> None:
        """Prints no more lines."""
        self._ended.set()
        self._thread.join()

    def _print(self) -> None:
        while not self._ended.wait(max(self._printed + _SILENT_SECONDS - time.monotonic(), 0.0)):
            if time.monotonic() - self._printed >= _SILENT_SECONDS:
                self._printed = time.monotonic()
                with contextlib.suppress(OSError, ValueError):  # nobody reads it
                    print(self._line(), file=self._stream, flush=True)


class ProgressLine:
    """The last line of a terminal: the work, a bar, its steps and its time. Elsewhere these are `RegularLines`.

    Example: `tests/components/common/test_progress.py`.
    """

    def __init__(self, console: Console, *, redirect: bool) -> None:
        """Creates an invisible line.

        Args:
            console: of the terminal. What it prints while the line is visible appears above the line.
            redirect: whether everything else that Python prints must do so, too.
        """
        self._console, self._redirect = console, redirect
        self._bar: Progress | None = None
        self._lines: RegularLines | None = None
        self._work = self._steps = self._time_left = ""
        self._first = 0
        self._begin = 0.0

    def begin(self, work: str) -> None:
        """Shows new work, whose steps are unknown."""
        self._work, self._steps, self._time_left = work, "", ""
        self._first, self._begin = -1, time.monotonic()
        if self._console.is_interactive:
            if self._bar is None:
                self._bar = _bar(self._console, self._redirect, work)
            self._bar.reset(self._bar.task_ids[0], total=None, description=work, steps="", left="")
        elif self._lines is None:
            self._lines = RegularLines(self._state, self._console.file)

    def show(self, work: str, done: int, total: int, steady: bool) -> None:
        """Shows a report, see `report_progress`."""
        if self._bar is None and self._lines is None:
            self.begin(work)
        if self._first < 0:
            self._first = done
        self._work, self._steps = work, f"{done:,}/{total:,}" if total else f"{done:,}" if done else ""
        self._time_left = self._left(done, total) if steady else ""
        if self._bar is not None:
            task, steps, left = self._bar.task_ids[0], self._steps, self._time_left
            self._bar.update(task, description=work, completed=done, total=total or None, steps=steps, left=left)

    def postpone(self) -> None:
        """Postpones the next line in a pipe or a file: something else was printed."""
        if self._lines is not None:
            self._lines.postpone()

    def remove(self) -> None:
        """Removes the line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if self._lines is not None:
            self._lines.stop()
            self._lines = None

    def _state(self) -> str:
        steps = f" {self._steps}" if self._steps else ""
        left = f", {self._time_left}" if self._time_left else ""
        return f"    {self._work}{steps}, {_clock(time.monotonic() - self._begin)}{left}"

    def _left(self, done: int, total: int) -> str:
        """Returns the time that is left: steps that were done before the first report took none."""
        if done <= self._first:
            return ""
        seconds = (time.monotonic() - self._begin) * (total - done) / (done - self._first)
        return f"at most {_clock(seconds)} left"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"


def _bar(console: Console, redirect: bool, work: str) -> Progress:
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Elapsed(ProgressColumn):
        """Time since the work began, also after its last step: rich's column stops there."""

        def render(self, task: Task) -> Text:
            return Text(_clock(task.elapsed or 0), "progress.elapsed")

    bar = Progress(
        TextColumn("    {task.description}"),
        BarColumn(_BAR_WIDTH),
        TextColumn("{task.fields[steps]}"),
        Elapsed(),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
        refresh_per_second=_REFRESHES,
        redirect_stdout=redirect and sys.stdout.isatty(),  # rich would print to this console what a pipe must get
        redirect_stderr=redirect,
    )
    bar.add_task(work, total=None, steps="", left="")
    bar.start()
    return bar
