"""Known answers of a model that is sound: requests made up from its signatures, and what it says to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import logging

from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportInvalidError
from components.exporter.validator.fresh_process import ProbeDiedError, probe
from components.exporter.validator.plain_cases import plain_case, plain_values
from components.exporter.validator.validate import BATCHES, TIMEOUT_SECONDS

Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


def reference_answers(
    model_dir: str | os.PathLike[str],
    contract: Contract,
    golden: Sequence[Mapping[str, Any]] = (),
    in_python: Call | None = None,
    batches: Sequence[int] = BATCHES,
) -> list[dict[str, Any]]:
    """Asks a model in a fresh process, through the loader that servers use.

    Args:
        model_dir: a SavedModel.
        contract: what to ask for.
        golden: known requests, as in `validate_export`; their inputs are used, too.
        in_python: (signature, inputs) -> outputs; asked where the loader fails, as it does for models that only Python
            can load. None: such requests are left out.
        batches: numbers of rows.

    Returns:
        Cases for `validate_export`, with `rows` (None: the signature has no batches) beside them. Requests that the
        model refuses are left out.

    Raises:
        ExportInvalidError: the process died.
    """
    request = {
        "task": "record",
        "model": str(model_dir),
        "contract": contract.to_dict(),
        "golden": [plain_case(case) for case in golden],
        "batches": list(batches),
    }
    cases = []
    try:
        for line in probe(request, TIMEOUT_SECONDS):
            if "golden" in line:
                cases.append(line["golden"])
            elif "refused" in line:
                cases.extend(_second_try(line["refused"], in_python))
    except ProbeDiedError as error:
        raise ExportInvalidError(f"{model_dir}: asking the model for answers failed. {error}") from error
    return cases


def _second_try(refused: dict[str, Any], in_python: Call | None) -> list[dict[str, Any]]:
    detail = refused.pop("detail")
    if in_python is not None:
        try:
            outputs = in_python(refused["signature"], refused["inputs"])
            return [{**refused, "outputs": {name: plain_values(value) for name, value in outputs.items()}}]
        except Exception as error:  # a model may refuse in any way it likes
            detail = f"{detail}; in Python: {error}"
    logging.warning("signature %s refuses %s rows: %s", refused["signature"], refused["rows"], detail)
    return []
