"""The access log: one JSON line a request or event of the server, never with a text of a request.

Lines of requests wait in memory for the next flush: one write for each of them would take as long as the rest of a
short request, and a record of `logging` as long again.
"""

from __future__ import annotations

import collections
import functools
import logging
import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from components.common.masking import mask

_EMPTY = None, ""
_OPTION = orjson.OPT_APPEND_NEWLINE
_lines: collections.deque[bytes] = collections.deque()
_files: list[BinaryIO] = []  # the open log; empty before `open_access_log`


def open_access_log(file: Path | None) -> None:
    """Sends the access log to a file, or to standard error.

    Raises:
        OSError: the file cannot be written.
    """
    flush_access_log()
    opened = open(os.dup(sys.stderr.fileno()) if file is None else file, "ab", buffering=0)  # noqa: SIM115 - stays open
    for old in _files:
        old.close()
    _files[:] = [opened]


def write_access_log(**fields: Any) -> None:
    """Adds a line; fields without a value are left out. Does nothing before `open_access_log`."""
    if not _files:
        return
    second, fraction = divmod(time.time(), 1)
    line = {"time": f"{_iso(second)}.{int(1000 * fraction):03}+00:00", **fields}
    text = orjson.dumps({name: value for name, value in line.items() if value not in _EMPTY}, option=_OPTION)
    if "event" in fields:
        _lines.append(mask(text.decode()).encode())  # errors may hold addresses with a password
        flush_access_log()
    else:
        _lines.append(text)


def flush_access_log() -> None:
    """Writes the lines that wait. If that fails they are lost, and the program's log says so."""
    waiting = b"".join(_lines.popleft() for _ in range(len(_lines)))
    if not waiting or not _files:
        return
    try:
        while waiting:
            waiting = waiting[_files[0].write(waiting) :]
    except OSError as error:
        logging.error("the access log cannot be written: %s; %d lines are lost", error, waiting.count(b"\n"))


@functools.lru_cache(maxsize=1)
def _iso(second: float) -> str:
    """Returns a time without its fraction."""
    return datetime.fromtimestamp(second, timezone.utc).isoformat()[:19]
