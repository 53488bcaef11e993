"""Golden answers of a sound model: requests generated from its signatures, and its answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import logging

from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportInvalidError
from components.exporter.validator.fresh_process import ProbeDiedError, probe
from components.exporter.validator.probe.values import to_json
from components.exporter.validator.validate import BATCHES

Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


def reference_answers(
    model_dir: str | os.PathLike[str],
    contract: Contract,
    golden: Sequence[Mapping[str, Any]] = (),
    *,
    in_python: Call | None = None,
    batches: Sequence[int] = BATCHES,
) -> list[dict[str, Any]]:
    """Records a model's answers in a foreign process, through the loader of servers.

    Args:
        model_dir: a SavedModel.
        contract: the signatures to ask.
        golden: known requests, as in `validate_export`; their inputs are used, too.
        in_python: (signature, inputs) -> outputs; the fallback for models that only Python can load. None: requests
            that fail are left out.
        batches: numbers of rows.

    Returns:
        Cases for `validate_export`, each with its number of `rows` (None: the signature has no batches). Requests that
        the model refuses are left out.

    Raises:
        ExportInvalidError: the process died.
    """
    cases = []
    try:
        for line in probe("record", model_dir, golden=golden, contract=contract.to_dict(), batches=list(batches)):
            if "golden" in line:
                cases.append(line["golden"])
            elif "refused" in line:
                cases.extend(_retry(line["refused"], in_python))
    except ProbeDiedError as error:
        raise ExportInvalidError(f"{model_dir}: the model gave no answers. {error}") from error
    return cases


def _retry(refused: dict[str, Any], in_python: Call | None) -> list[dict[str, Any]]:
    detail = refused.pop("detail")
    if in_python is not None:
        try:
            outputs = in_python(refused["signature"], refused["inputs"])
            return [{**refused, "outputs": {name: to_json(value) for name, value in outputs.items()}}]
        except Exception as error:  # a model may refuse with any error
            detail = f"{detail}; in Python: {error}"
    logging.warning("signature %s refuses %s rows: %s", refused["signature"], refused["rows"], detail)
    return []
