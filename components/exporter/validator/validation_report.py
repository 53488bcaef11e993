"""What a validation found."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from components.exporter.contract.contract import Contract
from components.exporter.validator.check_result import CheckResult


@dataclasses.dataclass(frozen=True)
class ValidationReport:
    """All checks of one model.

    Attributes:
        checks: in the order in which they ran.
        tree_hash: of the folder that was checked; identifies it (components/common/hashing.py).
        size_bytes: of all its files.
        loader: what loaded it.
        tensorflow: version of the library.
        contract: what it was held against; derived from its signatures if none was given.
        modules: top-level Python modules of the process that did it.
        skipped: checks that were not wanted.
    """

    checks: tuple[CheckResult, ...]
    tree_hash: str
    size_bytes: int
    loader: str
    tensorflow: str
    contract: Contract
    modules: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> list[CheckResult]:
        """The checks that failed."""
        return [check for check in self.checks if not check.passed]

    @property
    def load_seconds(self) -> float:
        """How long the loader took; 0 if it never came to that."""
        return sum(check.seconds for check in self.checks if check.name == "load")

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the report as JSON; an older one is replaced when the new one is complete."""
        values = {
            "passed": self.passed,
            "tree_hash": self.tree_hash,
            "size_bytes": self.size_bytes,
            "load_seconds": self.load_seconds,
            "loader": self.loader,
            "tensorflow": self.tensorflow,
            "skipped": list(self.skipped),
            "checks": [dataclasses.asdict(check) for check in self.checks],
        }
        target = Path(path)
        partial = target.with_name(f".{target.name}.partial")
        with partial.open("w", encoding="utf-8") as handle:
            handle.write(json.dumps(values, indent=1, ensure_ascii=False) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        partial.rename(target)
