"""Outcomes of `ner retrain`, and the file that keeps the last one."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from pathlib import Path

from typing_extensions import Self

from components.common.files import write_atomically

DUE, PROMOTED, NOT_DUE, REFUSED, STOPPED, NOTHING_NEW, BUSY = (
    "due", "promoted", "not due", "refused", "stopped", "nothing new", "busy",
)  # fmt: skip

EXIT_CODES = {DUE: 10, PROMOTED: 0, NOT_DUE: 0, REFUSED: 3, STOPPED: 4, NOTHING_NEW: 5, BUSY: 75}
"""0 needs no action; 3 to 5 need a person; 10, only of a dry run, needs a retraining; 75 (EX_TEMPFAIL of sysexits.h)
resolves itself; errors have 1."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Result of a retraining.

    Attributes:
        kind: `DUE` (decided, not yet done), `PROMOTED` (there is a new champion), `NOT_DUE` (nothing to do), `REFUSED`
            (trained, and not better), `STOPPED` (the data was refused), `NOTHING_NEW` (there is a reason, but the same
            inputs would produce the same model), `BUSY` (another retraining is running).
        text: the result in words.
        reasons: reasons to retrain.
        version: the new champion; None if there is none.
    """

    kind: str
    text: str
    reasons: tuple[str, ...] = ()
    version: int | None = None

    @property
    def exit_code(self) -> int:
        """Exit code of the command."""
        return EXIT_CODES[self.kind]

    def to_json(self) -> str:
        """Returns all fields and the exit code as one line."""
        return json.dumps({**dataclasses.asdict(self), "exit_code": self.exit_code}, ensure_ascii=False)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """The last completed retraining, kept so that a schedule does not repeat a failed one every night.

    Attributes:
        inputs: hash of everything that determines the result: data, settings, code, and the champion.
        kind: kind of its `Outcome`.
        text: text of its `Outcome`.
        when: time in ISO 8601, UTC.
    """

    inputs: str
    kind: str
    text: str
    when: str = dataclasses.field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))

    def write(self, path: Path) -> None:
        """Writes the file; readers see the old or the new content."""
        write_atomically(path, json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Reads the file; None if it is missing or damaged, which costs one additional run."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
