"""The last retraining that came to an end, so that what failed is not tried again every night."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from components.common.files import write_atomically


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A retraining that came to an end.

    Attributes:
        inputs: hash of everything that decides how it ends: data, settings, code, and the champion.
        kind: how it ended, as in `Outcome`.
        text: the same in words.
        when: ISO 8601, UTC.
    """

    inputs: str
    kind: str
    text: str
    when: str = dataclasses.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def write(self, path: Path) -> None:
        """Writes the file; a reader sees the old or the new one."""
        write_atomically(path, json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Reads the file; None if there is none, or one that says nothing: then one run more is made than needed."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
