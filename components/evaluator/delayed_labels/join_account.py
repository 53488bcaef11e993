"""What became of every line of a join."""

from __future__ import annotations

import dataclasses

SHOWN = 5
"""How many keys are named of each kind."""


@dataclasses.dataclass
class Named:
    """A number of keys, some of them by name.

    Attributes:
        count: how many.
        keys: the first of them, at most `SHOWN`.
    """

    count: int = 0
    keys: list[str] = dataclasses.field(default_factory=list)

    def add(self, key: str) -> None:
        """Counts one."""
        self.count += 1
        if len(self.keys) < SHOWN:
            self.keys.append(key)

    def __str__(self) -> str:
        """The number, and the keys in brackets."""
        if not self.keys:
            return str(self.count)
        more = ", …" if self.count > len(self.keys) else ""
        return f"{self.count} ({', '.join(self.keys)}{more})"


@dataclasses.dataclass
class JoinAccount:
    """Counts of lines and keys.

    Attributes:
        predictions: lines of the log.
        labels: different keys in the file of labels.
        scored: sentences that both have and that were scored.
        without_label: predictions that have no label (yet).
        without_prediction: labels whose key was never logged.
        duplicate_predictions: later predictions of a labelled key; the first one was scored.
        duplicate_labels: labels that a later one of the same key replaced.
        misaligned: sentences on which label and prediction are about different texts; they were not scored.
        reasons: of the first of the misaligned, in words.
    """

    predictions: int = 0
    labels: int = 0
    scored: int = 0
    without_label: Named = dataclasses.field(default_factory=Named)
    without_prediction: Named = dataclasses.field(default_factory=Named)
    duplicate_predictions: Named = dataclasses.field(default_factory=Named)
    duplicate_labels: Named = dataclasses.field(default_factory=Named)
    misaligned: Named = dataclasses.field(default_factory=Named)
    reasons: list[str] = dataclasses.field(default_factory=list)

    def misalign(self, key: str, reason: str) -> None:
        """Counts a sentence whose two sides do not fit."""
        self.misaligned.add(key)
        if len(self.reasons) < SHOWN:
            self.reasons.append(f"{key}: {reason}")
