"""What came of one check."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """One line of a validation report.

    Attributes:
        name: of the check; probe/checks.py has them all.
        signature: empty for checks of the folder as a whole.
        passed: whether all was as it must be.
        detail: what was seen.
        fix: what to do; empty if passed.
        pitfall: which known mistake this is (a key of probe/pitfalls.py, an anchor of docs/pitfalls.md).
        seconds: how long the check took.
    """

    name: str
    signature: str
    passed: bool
    detail: str
    fix: str = ""
    pitfall: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        """One line for the log."""
        where = f" [{self.signature}]" if self.signature else ""
        verdict = "ok" if self.passed else f"FAILED ({self.pitfall})"
        cure = "" if self.passed else f" Fix: {self.fix}"
        return f"{self.name}{where}: {verdict}, {self.seconds:.2f} s: {self.detail}{cure}"
