"""The access log: one JSON line a request or event of the server, never with a text of a request."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


def open_access_log(file: Path | None) -> None:
    """Sends the access log to a file, or to standard error."""
    handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    for old in [*_log.handlers]:
        _log.removeHandler(old)
        old.close()
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False


def write_access_log(**fields: Any) -> None:
    """Writes a line; fields without a value are left out. Does nothing before `open_access_log`."""
    if _log.handlers:
        line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), **fields}
        _log.info(json.dumps({name: value for name, value in line.items() if value not in (None, "")}))
