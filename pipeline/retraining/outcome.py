"""What became of `ner retrain`."""

from __future__ import annotations

import dataclasses
import json

DUE, PROMOTED, NOT_DUE, REFUSED, STOPPED, NOTHING_NEW, BUSY = (
    "due", "promoted", "not due", "refused", "stopped", "nothing new", "busy",
)  # fmt: skip

EXIT_CODES = {DUE: 0, PROMOTED: 0, NOT_DUE: 0, REFUSED: 3, STOPPED: 4, NOTHING_NEW: 5, BUSY: 75}
"""0 needs nobody; 3 to 5 want somebody to look; 75 (sysexits' EX_TEMPFAIL) goes away by itself; errors have 1."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a retraining.

    Attributes:
        kind: `DUE` (a decision only, nothing done yet), `PROMOTED` (there is a new champion), `NOT_DUE` (nothing to
            do), `REFUSED` (trained, and not better), `STOPPED` (the data did not pass), `NOTHING_NEW` (there is reason
            to retrain, but the same inputs would make the same model), `BUSY` (another retraining runs).
        text: what happened, in words.
        reasons: why it was to be done.
        version: the new champion; None where there is none.
    """

    kind: str
    text: str
    reasons: tuple[str, ...] = ()
    version: int | None = None

    @property
    def exit_code(self) -> int:
        """What a scheduler is told."""
        return EXIT_CODES[self.kind]

    def to_json(self) -> str:
        """All of it, on one line."""
        return json.dumps({**dataclasses.asdict(self), "exit_code": self.exit_code}, ensure_ascii=False)
