"""Earlier results next to a page, so that a new page shows them too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.common.files import write_atomically
from components.common.json_lines import read_json_lines
from components.reporter.errors import ReportError

MOST = 200
"""Number of results that are kept; the oldest go first."""


def with_history(page: Path, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Adds a result to the history of a page, `page.history.jsonl`, and returns all results, the oldest first.

    Args:
        page: path of the page.
        entry: the new result; the key `time` holds its time (ISO 8601).

    Raises:
        ReportError: the file of the history is damaged.
    """
    path = page.with_name(f"{page.stem}.history.jsonl")
    before = [record for _, record in read_json_lines(path, error=ReportError)] if path.is_file() else []
    entries = [*before, entry][-MOST:]
    write_atomically(path, "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in entries))
    return entries
