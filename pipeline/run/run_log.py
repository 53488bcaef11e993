"""What a person sees while the pipeline runs, and the file that keeps the rest."""

from __future__ import annotations

import contextlib
import datetime
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

_OURS = tuple(str(Path(__file__).parents[2] / package) for package in ("components", "pipeline"))
_CHECKS = str(Path(__file__).parents[2] / "components" / "exporter" / "validator")
# What LocalDagRunner logs; should it ever say it in other words, the progress lines are all that is lost.
_NODE_STARTS = re.compile(r"Component (\S+) is running\.")


class _Console(logging.Handler):
    """Shows which node runs, and what our own code has to say."""

    def __init__(self, node_count: int, stream: TextIO) -> None:
        super().__init__(logging.INFO)
        self._total, self._started, self._begin = node_count, 0, time.monotonic()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        node = _NODE_STARTS.match(message)
        if node:
            self._started += 1
            seconds = time.monotonic() - self._begin
            click.secho(f"[{self._started}/{self._total}] {node[1]}  ({seconds:.0f} s)", bold=True, file=self._stream)
        elif record.pathname.startswith(_OURS) and not self._is_detail(record, message):
            colour = "yellow" if record.levelno >= logging.WARNING else None
            click.secho(f"    {message}", fg=colour, file=self._stream)

    @staticmethod
    def _is_detail(record: logging.LogRecord, message: str) -> bool:
        """What the file keeps and nobody reads while it passes: TFX's start-up lines, checks that went well."""
        passed = record.levelno < logging.WARNING and record.pathname.startswith(_CHECKS)
        return passed or message.startswith("Starting ")


@contextlib.contextmanager
def run_log(folder: Path, node_count: int) -> Iterator[Path]:
    """Shows progress on the console and writes everything that is logged to a new file in `folder`.

    What C++ code and child processes write to standard error goes to the file, too.

    Yields:
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.datetime.now():%Y%m%d-%H%M%S}.log"
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root, logger = logging.getLogger(), absl_logging.get_absl_logger()
    # Some import below TFX gives the root logger a handler that prints everything.
    others, root.handlers = root.handlers, [file]
    # By absl's own function: absl sets its logger's level anew from what it remembers.
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.INFO)
    try:
        with _stderr_to(path) as stream:
            console = _Console(node_count, stream)
            logger.addHandler(console)
            try:
                yield path
            except Exception:
                root.exception("the run stopped")
                click.echo(f"    all that was logged: {path}", file=stream)
                raise
            finally:
                logger.removeHandler(console)
    finally:
        absl_logging.set_verbosity(verbosity)
        root.handlers = others
        file.close()


@contextlib.contextmanager
def _stderr_to(path: Path) -> Iterator[TextIO]:
    """Sends file descriptor 2 to the end of a file.

    Yields:
        The standard error that was, to write to.
    """
    sys.stderr.flush()
    with path.open("ab") as file, os.fdopen(os.dup(2), "w", buffering=1) as before:
        os.dup2(file.fileno(), 2)
        try:
            yield before
        finally:
            sys.stderr.flush()
            os.dup2(before.fileno(), 2)
