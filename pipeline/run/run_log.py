"""Progress of a run on the console, and its log file."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
from absl import logging as absl_logging

from components.common import interruption
from components.common.console import print_line
from components.common.progress import ProgressLine, progress_to

_OWN_CODE = tuple(str(Path(__file__).parents[2] / package) for package in ("components", "pipeline"))
_VALIDATOR = str(Path(__file__).parents[2] / "components" / "exporter" / "validator")
_HOW_TO_GO_ON = (
    "The same command resumes: finished nodes come from the cache, and a training continues from its saved state."
)
# Log lines of LocalDagRunner and of the launcher. If TFX changes them, only the progress lines disappear.
_NODE_STARTS = re.compile(r"Component (\S+) is running\.")
_CACHED = re.compile(r"A cached execution \d+ is used\.")


class _Console(logging.Handler):
    """Shows the running node, the log lines of this project's code and progress."""

    def __init__(self, node_count: int, stream: TextIO, begin: float) -> None:
        from rich.console import Console

        super().__init__(logging.INFO)
        self._total, self._started, self._begin = node_count, 0, begin
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self.line = ProgressLine(self._console, redirect=False)  # Python's standard error goes to the file

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        node = _NODE_STARTS.match(message)
        if node:
            self._started += 1
            interruption.advise(f" in {node[1]}. {_HOW_TO_GO_ON}")
            seconds = time.monotonic() - self._begin
            self._print(
                f"[{self._started}/{self._total}] {node[1]}, {seconds:.0f} s since the start of the run", "bold"
            )
            self.line.begin(node[1])
        elif _CACHED.match(message):
            self._print("    cached", "dim")
        elif record.pathname.startswith(_OWN_CODE) and not self._is_detail(record, message):
            self._print(f"    {message}", "yellow" if record.levelno >= logging.WARNING else "")

    def _print(self, text: str, style: str) -> None:
        print_line(self._console, text, style)
        self.line.postpone()

    @staticmethod
    def _is_detail(record: logging.LogRecord, message: str) -> bool:
        """Says whether only the file keeps a line: TFX's start-up lines and passed checks."""
        passed = record.levelno < logging.WARNING and record.pathname.startswith(_VALIDATOR)
        return passed or message.startswith("Starting ")


@contextlib.contextmanager
def run_log(folder: Path, node_count: int, begin: float | None = None) -> Iterator[Path]:
    """Shows progress on the console and writes the whole log to a new file in `folder`.

    The file also receives what C++ code and child processes write to standard error.

    Args:
        folder: of the files.
        node_count: nodes of the pipeline.
        begin: `time.monotonic()` at the start of the run, whose preparation comes before its log; None: now.

    Yields:
        Path of the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _new_file(folder, f"{datetime.datetime.now():%Y%m%d-%H%M%S}")
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root, logger = logging.getLogger(), absl_logging.get_absl_logger()
    # An import below TFX adds a handler to the root logger that prints everything.
    handlers, root.handlers = root.handlers, [file]
    # absl resets its logger's level from its own verbosity, so set that.
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.INFO)
    try:
        with _stderr_to(path) as stream:
            console = _Console(node_count, stream, time.monotonic() if begin is None else begin)
            logger.addHandler(console)
            console.line.begin("starting")
            try:
                with progress_to(console.line.show):
                    yield path
            except Exception:
                console.line.remove()
                root.exception("the run stopped")
                if not interruption.received():
                    click.echo(f"    log: {path}", file=stream)
                raise
            finally:
                console.line.remove()
                logger.removeHandler(console)
    finally:
        absl_logging.set_verbosity(verbosity)
        root.handlers = handlers
        with contextlib.suppress(OSError):  # a full disk
            file.close()


def _new_file(folder: Path, stem: str) -> Path:
    """Creates `<stem>.log`, or `<stem>-2.log` and so on if another run began in the same second."""
    for number in itertools.count(1):
        path = folder / (f"{stem}.log" if number == 1 else f"{stem}-{number}.log")
        with contextlib.suppress(FileExistsError):
            path.touch(exist_ok=False)
            return path
    raise AssertionError("itertools.count does not end")


@contextlib.contextmanager
def _stderr_to(path: Path) -> Iterator[TextIO]:
    """Appends file descriptor 2 to a file.

    Yields:
        A stream to the original standard error.
    """
    sys.stderr.flush()
    with path.open("ab") as file, os.fdopen(os.dup(2), "w", buffering=1) as before:
        os.dup2(file.fileno(), 2)
        try:
            yield before
        finally:
            with contextlib.suppress(OSError):  # a full disk; the error of the run is reported on the old stream
                sys.stderr.flush()
            os.dup2(before.fileno(), 2)
