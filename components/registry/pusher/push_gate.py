"""Whether a model may be pushed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.common.hashing import tree_hash

VALIDATION_FILE = "validation.json"
"""Written by the exporter beside the SavedModel folder."""


def refusal(model_dir: Path, validation_file: Path, blessed: bool, failures: Sequence[str] = ()) -> str:
    """Says in words why a model must not be pushed.

    Args:
        model_dir: The exported SavedModel.
        validation_file: What the exporter's validation found: a JSON object with `passed` (bool), `tree_hash` (of the
            folder it looked at; empty if it did not take one) and `checks` (objects with `name`, `passed`, `detail`).
        blessed: Whether the Evaluator blessed the model.
        failures: What it was not blessed for.

    Returns:
        All reasons, joined by "; ", or "" if the model may be pushed.
    """
    words = f" ({', '.join(failures)})" if failures else ""
    reasons = [] if blessed else [f"the evaluator did not bless the model{words}"]
    reasons += _validation_reasons(model_dir, validation_file)
    return "; ".join(reasons)


def _validation_reasons(model_dir: Path, file: Path) -> list[str]:
    if not file.is_file():
        return [f"the exporter's validation is missing ({file} is not there)"]
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        return [f"the exporter's validation is unreadable ({file}: {error})"]
    if not isinstance(report, dict):
        return [f"the exporter's validation is unreadable ({file}: a JSON object was expected)"]
    reasons = [] if report.get("passed") is True else [_failed(report)]
    expected = report.get("tree_hash") or ""
    if expected and expected != (found := tree_hash(model_dir)):
        reasons.append(f"the model is not the validated one (tree hash {found}, validated was {expected})")
    return reasons


def _failed(report: dict[str, Any]) -> str:
    """Names the failed checks with what they say."""
    checks = [check for check in report.get("checks") or [] if isinstance(check, dict)]
    words = [
        f"{check.get('name', 'unnamed check')}: {check.get('detail') or 'no detail'}"
        for check in checks
        if check.get("passed") is not True
    ]
    return "the exporter's validation failed" + (f" ({', '.join(words)})" if words else "")
