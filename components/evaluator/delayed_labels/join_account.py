"""Account of a join: the outcome of every line."""

from __future__ import annotations

import dataclasses

from components.common.errors import shortened

SHOWN = 5
"""Number of example keys per count."""

_FEW_CUT = 0.05  # share of spans that may end inside tokens, as in `anti-[EU]`


@dataclasses.dataclass
class KeyCount:
    """Number of keys, with the first ones as examples.

    Attributes:
        count: number of keys.
        keys: the first of them, at most `SHOWN`.

    Example:
        >>> str(KeyCount(7, ["a", "b"]))
        '7 (a, b, …)'
    """

    count: int = 0
    keys: list[str] = dataclasses.field(default_factory=list)

    def add(self, key: str) -> None:
        """Counts a key."""
        self.count += 1
        if len(self.keys) < SHOWN:
            self.keys.append(key)

    def __str__(self) -> str:
        """Returns the number, and the example keys in brackets."""
        if not self.keys:
            return str(self.count)
        more = ", …" if self.count > len(self.keys) else ""
        return f"{self.count:,} ({', '.join(map(shortened, self.keys))}{more})"


@dataclasses.dataclass
class JoinAccount:
    """Counts of lines and keys of a join.

    Attributes:
        predictions: lines of the log.
        labels: distinct keys in the file of labels.
        scored: sentences with prediction and label.
        without_label: predictions without a label (yet).
        without_prediction: labels whose key was not logged.
        duplicate_predictions: repeated predictions of a labelled key; the first one was scored.
        duplicate_labels: labels replaced by a later one with the same key.
        misaligned: sentences whose label and prediction have different texts; they were not scored.
        reasons: `key: difference` of the first misaligned sentences.
        spans: spans of the labels that were scored.
        cut_spans: those that begin or end inside a served token.
    """

    predictions: int = 0
    labels: int = 0
    scored: int = 0
    without_label: KeyCount = dataclasses.field(default_factory=KeyCount)
    without_prediction: KeyCount = dataclasses.field(default_factory=KeyCount)
    duplicate_predictions: KeyCount = dataclasses.field(default_factory=KeyCount)
    duplicate_labels: KeyCount = dataclasses.field(default_factory=KeyCount)
    misaligned: KeyCount = dataclasses.field(default_factory=KeyCount)
    reasons: list[str] = dataclasses.field(default_factory=list)
    spans: int = 0
    cut_spans: int = 0

    @property
    def note(self) -> str:
        """Note about spans whose offsets seem to be counted in another way; "" if few end inside tokens."""
        if self.cut_spans <= _FEW_CUT * self.spans:
            return ""
        spans = f"{self.cut_spans:,} of {self.spans:,} spans of labels begin or end inside a token of the model"
        return f"note: {spans}. Check that offsets count characters, and that ends are exclusive."

    def misalign(self, key: str, reason: str) -> None:
        """Counts a sentence whose two texts differ."""
        self.misaligned.add(key)
        if len(self.reasons) < SHOWN:
            self.reasons.append(f"{shortened(key)}: {reason}")
