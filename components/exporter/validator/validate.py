"""Validates an exported model against its contract, in a process that imports nothing else of this project."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import logging

from components.common.files import tree_size
from components.common.hashing import tree_hash
from components.common.progress import report_progress
from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportInvalidError, UnsafeModelError
from components.exporter.validator.fresh_process import ProbeDiedError, probe
from components.exporter.validator.private_copy import original_paths, private_copy
from components.exporter.validator.probe.checks import CHECKS
from components.exporter.validator.probe.pitfalls import PITFALLS
from components.exporter.validator.validation_report import CheckResult, ValidationReport

BATCHES = (0, 1, 2, 33)


def validate_export(
    model_dir: str | os.PathLike[str],
    contract: Contract | None = None,
    golden: Sequence[Mapping[str, Any]] = (),
    report_path: str | os.PathLike[str] | None = None,
    *,
    manifest: Mapping[str, str] | None = None,
    batches: Sequence[int] = BATCHES,
    skip: Collection[str] = (),
) -> ValidationReport:
    """Runs every check of probe/checks.py on a SavedModel of any kind.

    docs/serving.md has an example.

    Args:
        model_dir: the folder that would be pushed.
        contract: of the model; by default derived from its signatures (names only, no meanings).
        golden: known answers: `{"sentence": str, "tags": [str, ...]}` for every signature that takes sentences, or
            `{"signature": str, "inputs": {name: values}, "outputs": {name: values}}`, values as nested lists or arrays.
        report_path: file for the report as JSON; None: not written.
        manifest: relative file name -> sha256 of the exported files.
        batches: numbers of rows to try.
        skip: names of checks to leave out; the report names them.

    Returns:
        The report. A failed check does not raise: see `require_valid`. Checks run the model in a process with limits
        (`limits_set` in fresh_process.py), on a private copy.
    """
    lines = _Lines()
    identity, size = "", 0
    try:
        with private_copy(model_dir) as folder:
            identity = tree_hash(folder) if folder.is_dir() else ""
            size = tree_size(folder)
            if contract is not None:
                lines.count(contract.signatures)
            for line in probe(
                "validate",
                folder,
                golden=golden,
                contract=None if contract is None else contract.to_dict(),
                manifest=dict(manifest or {}),
                batches=list(batches),
                skip=sorted(skip),
                build_paths=_build_paths(),
            ):
                lines.take(line)
    except ProbeDiedError as error:
        lines.failed(str(error), error.pitfall)
    except UnsafeModelError as error:
        lines.running = {"name": "safe_files", "signature": ""}
        lines.failed(str(error), "unsafe_files")
    loader = lines.facts.get("loader", "")
    report = ValidationReport(
        checks=tuple(lines.checks),
        tree_hash=identity,
        size_bytes=size,
        loader=loader,
        tensorflow=loader.partition(" C API")[0].removeprefix("TensorFlow "),
        contract=contract or Contract.from_dict(lines.facts.get("contract", {"version": 0, "signatures": {}})),
        modules=tuple(lines.facts.get("modules", ())),
        skipped=tuple(sorted(skip)),
    )
    if report_path is not None:
        report.write(report_path)
    return report


def require_valid(report: ValidationReport, model: object = "the exported model") -> None:
    """Raises if a check failed.

    Args:
        report: of the model.
        model: its name or folder, for the error.

    Raises:
        ExportInvalidError: names every failed check, its signature, the finding and the fix.
    """
    if report.passed:
        return
    lines = [f"  {check}" for check in report.failures]
    raise ExportInvalidError(
        f"{model} failed {len(lines)} of {len(report.checks)} checks. "
        "docs/pitfalls.md explains each mistake.\n" + "\n".join(lines)
    )


class _Lines:
    """The output of the probe."""

    def __init__(self) -> None:
        self.checks: list[CheckResult] = []
        self.facts: dict[str, Any] = {}
        self.total = 0
        self.running: dict[str, Any] = {"name": "start", "signature": ""}

    def take(self, line: Mapping[str, Any]) -> None:
        if "started" in line:
            self.running = line["started"]
        elif "check" in line:
            self.add(CheckResult(**line["check"]))
            report_progress("checks", len(self.checks), self.total)
        else:
            self.facts.update(line)
            if "contract" in line:
                self.count(line["contract"]["signatures"])

    def count(self, signatures: Collection[str]) -> None:
        """Counts the checks of a model with these signatures; after a failure there are fewer."""
        self.total = sum(1 if check.scope == "folder" else len(signatures) for check in CHECKS)

    def add(self, check: CheckResult) -> None:
        check = dataclasses.replace(check, detail=original_paths(check.detail))
        self.checks.append(check)
        logging.info("validator: %s", check)

    def failed(self, detail: str, pitfall: str) -> None:
        fix = PITFALLS[pitfall].cure
        self.add(CheckResult(**self.running, passed=False, detail=detail, fix=fix, pitfall=pitfall))


def _build_paths() -> list[str]:
    """Returns folders of this machine whose paths must not be in a model."""
    folders = {Path.cwd(), Path.home(), Path(tempfile.gettempdir()), Path(sys.prefix)}
    return sorted(f"{folder}/" for folder in folders if len(folder.parts) > 1)
