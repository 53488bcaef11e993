"""The result of a validation."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from components.common.errors import counted
from components.common.files import write_atomically
from components.exporter.contract.contract import Contract


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """One line of a validation report.

    Attributes:
        name: of the check; probe/checks.py lists them.
        signature: empty for checks of the folder as a whole.
        passed: whether the check passed.
        detail: what the check saw.
        fix: what to do; empty if passed.
        pitfall: the known mistake (a key of probe/pitfalls.py, an anchor of docs/pitfalls.md).
        seconds: duration of the check.
        skipped: whether there was nothing to check; such a check neither passed nor failed, and `passed` is true.

    Example:
        >>> print(CheckResult("load", "", passed=True, detail="4 signatures", seconds=0.5))
        load: ok, 0.50 s: 4 signatures
    """

    name: str
    signature: str
    passed: bool
    detail: str
    fix: str = ""
    pitfall: str = ""
    seconds: float = 0.0
    skipped: bool = False

    def __str__(self) -> str:
        """Returns one line for the log."""
        where = f" [{self.signature}]" if self.signature else ""
        if self.skipped:
            return f"{self.name}{where}: skipped: {self.detail}"
        verdict = "ok" if self.passed else f"FAILED ({self.pitfall})"
        cure = "" if self.passed else f" Fix: {self.fix}"
        return f"{self.name}{where}: {verdict}, {self.seconds:.2f} s: {self.detail}{cure}"


@dataclasses.dataclass(frozen=True)
class ValidationReport:
    """All checks of one model.

    Attributes:
        checks: in the order in which they ran.
        tree_hash: identity of the checked folder (components/common/hashing.py).
        size_bytes: of all its files.
        loader: the library and function that loaded the model.
        tensorflow: version of the library.
        contract: the contract of the model; derived from its signatures if none was given.
        modules: top-level Python modules of the separate process.
        skipped: names of checks that were left out.
        repaired: of a copy with more signatures: pitfalls of its source that the copy no longer has.
        inherited: of such a copy: failed checks that its source does not pass either.
    """

    checks: tuple[CheckResult, ...]
    tree_hash: str
    size_bytes: int
    loader: str
    tensorflow: str
    contract: Contract
    modules: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    inherited: tuple[CheckResult, ...] = ()

    @property
    def passed(self) -> bool:
        """True if no check failed."""
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> list[CheckResult]:
        """The failed checks, without inherited ones."""
        return [check for check in self.checks if not check.passed and check not in self.inherited]

    @property
    def counts(self) -> str:
        """The numbers of checks that passed, failed, and had nothing to check, in words."""
        idle = sum(check.skipped for check in self.checks)
        failed = sum(not check.passed for check in self.checks)
        parts = [f"{counted(len(self.checks) - idle - failed, 'check')} passed"]
        parts += [f"{failed} failed"] if failed else []
        return ", ".join([*parts, *([f"{idle} had nothing to check"] if idle else [])])

    @property
    def load_seconds(self) -> float:
        """Duration of the load; 0 if the model was not loaded."""
        return sum(check.seconds for check in self.checks if check.name == "load")

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the report as JSON, atomically."""
        values = {
            "passed": self.passed,
            "tree_hash": self.tree_hash,
            "size_bytes": self.size_bytes,
            "load_seconds": self.load_seconds,
            "loader": self.loader,
            "tensorflow": self.tensorflow,
            "skipped": list(self.skipped),
            "repaired": list(self.repaired),
            "inherited": [check.pitfall for check in self.inherited],
            "checks": [dataclasses.asdict(check) for check in self.checks],
        }
        write_atomically(Path(path), (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())
