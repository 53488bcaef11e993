"""Golden answers of a sound model: requests generated from its signatures, and its answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import logging

from components.common.progress import report_progress
from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportInvalidError
from components.exporter.validator.fresh_process import ProbeDiedError, probe
from components.exporter.validator.probe.pitfalls import PITFALLS
from components.exporter.validator.validate import BATCHES

InPython = Callable[[Sequence[Mapping[str, Any]]], Sequence[Any]]


def reference_answers(
    model_dir: str | os.PathLike[str],
    contract: Contract,
    golden: Sequence[Mapping[str, Any]] = (),
    *,
    in_python: InPython | None = None,
    batches: Sequence[int] = BATCHES,
) -> list[dict[str, Any]]:
    """Records a model's answers in a separate process, through the loader of servers.

    Args:
        model_dir: a SavedModel.
        contract: the signatures to ask.
        golden: known requests, as in `validate_export`; their inputs are used, too.
        in_python: cases without outputs -> outputs, or a text for a case that it refuses, too; the fallback for models
            that only Python can load. None: requests that fail are left out.
        batches: numbers of rows.

    Returns:
        Cases for `validate_export`, each with its number of `rows` (None: the signature has no batches). Requests that
        the model refuses are left out.

    Raises:
        ExportInvalidError: the process died or reached a limit, or the model may not be loaded.
    """
    cases, refused = [], []
    try:
        for line in probe("record", model_dir, golden=golden, contract=contract.to_dict(), batches=list(batches)):
            if "golden" in line:
                cases.append(line["golden"])
            elif "refused" in line:
                refused.append(line["refused"])
            report_progress("recording answers", len(cases) + len(refused), len(contract.signatures) * len(batches))
    except ProbeDiedError as error:
        raise ExportInvalidError(
            f"{model_dir}: the model gave no answers ({error.pitfall}). {error} {PITFALLS[error.pitfall].cure}"
        ) from error
    return cases + _retried(refused, in_python) if refused else cases


def _retried(refused: list[dict[str, Any]], in_python: InPython | None) -> list[dict[str, Any]]:
    details = [case.pop("detail") for case in refused]
    answers = [None] * len(refused) if in_python is None else in_python(refused)
    cases = []
    for case, detail, answer in zip(refused, details, answers, strict=True):
        if isinstance(answer, Mapping):
            cases.append({**case, "outputs": answer})
            continue
        reason = detail if answer is None else f"{detail}; in Python: {answer}"
        logging.info("signature %s refuses %s rows: %s", case["signature"], case["rows"], reason)
    return cases
