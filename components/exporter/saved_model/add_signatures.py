"""Adds signatures to any SavedModel, without the code that made it.

The method comes from the second article that this project builds on (keyed prediction, feature forwarding, several
signatures), with one change that TensorFlow needs today: the loaded model stays an attribute of the saved object, so
that its variables and tables are saved, too.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import logging

from components.exporter.errors import ExportError
from components.exporter.saved_model.embedded_metadata import embed_metadata, embedded_contract, embedded_golden
from components.exporter.saved_model.rewriting import answers_in_python, rewrite
from components.exporter.saved_model.signature_plan import SignaturePlan, plan_signatures
from components.exporter.saved_model.warmup import move_warmup
from components.exporter.signatures import Signatures
from components.exporter.validator.private_copy import private_copy
from components.exporter.validator.probe.checks import NEEDED
from components.exporter.validator.reference import reference_answers
from components.exporter.validator.validate import require_valid, validate_export
from components.exporter.validator.validation_report import ValidationReport
from components.keys import ASSETS_EXTRA, GOLDEN_FILE, SAVED_MODEL_FILE, SERVING_DEFAULT, WARMUP_FILE


def add_signatures(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    signatures: Signatures,
    *,
    base: str = SERVING_DEFAULT,
    golden: Sequence[Mapping[str, Any]] = (),
    report_path: str | os.PathLike[str] | None = None,
) -> ValidationReport:
    """Writes a copy of a model with more signatures. The copy does not need the source.

    The copy keeps all old signatures, names, assets, assets.extra and weights. The validator sends the same requests to
    both models and compares the answers bit for bit.

    The model is code: it is checked first (`require_safe`), and then runs in processes with limits (`limits_set`).

    Args:
        source: a SavedModel, TensorFlow 1 or 2.
        destination: folder to create; it must not exist and appears only after validation.
        signatures: to add; `default` may also name a signature of the source.
        base: signature that the added ones extend.
        golden: further known requests, as in `validate_export`, for models whose inputs cannot be generated.
        report_path: file for the validation report.

    Returns:
        The validation report of the copy.

    Raises:
        ExportError: the signatures do not fit the model, or a folder is missing or exists.
        ExportInvalidError: the copy fails a check that the source passes; no copy is left.
    """
    original, destination = Path(source).resolve(), Path(destination).absolute()
    _require_folders(original, destination)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(private_copy(original))
        before = validate_export(source, embedded_contract(source), golden)
        if {check.name for check in before.failures} & {*NEEDED, "served_dtypes"}:
            require_valid(before)
        plan = plan_signatures(before.contract, signatures, base)
        destination.parent.mkdir(parents=True, exist_ok=True)
        workshop = stack.enter_context(
            tempfile.TemporaryDirectory(prefix=f".{destination.name}-", dir=destination.parent)
        )
        copy = Path(workshop, "model")
        rewrite(source, copy, plan, before.contract)
        _copy_extras(source, copy, plan)
        known = [expected for case in embedded_golden(source) for expected in _expected(case, plan)]
        embed_metadata(copy, plan.contract, golden=known)
        in_python = functools.partial(answers_in_python, source, before.contract)
        cases = reference_answers(source, before.contract, golden, in_python=in_python)
        report = _validate(copy, plan, cases, before)
        if report_path is not None:
            report.write(report_path)
        require_valid(report)
        copy.rename(destination)
    return report


def _require_folders(source: Path, destination: Path) -> None:
    if not (source / SAVED_MODEL_FILE).is_file():
        raise ExportError(
            f"{source}: no {SAVED_MODEL_FILE}. Give the folder of a SavedModel (with TF Serving, of a version)."
        )
    if destination.exists():
        raise ExportError(f"{destination} exists already. Choose another folder, or remove it first.")


def _copy_extras(source: Path, copy: Path, plan: SignaturePlan) -> None:
    """Copies assets.extra, which saving drops. Warm-up requests of the old default follow it to its new name."""
    if not (source / ASSETS_EXTRA).is_dir():
        return
    ignore = shutil.ignore_patterns(GOLDEN_FILE)  # those of the copy have other signatures
    shutil.copytree(source / ASSETS_EXTRA, copy / ASSETS_EXTRA, ignore=ignore)
    warmup = copy / ASSETS_EXTRA / WARMUP_FILE
    if warmup.is_file() and plan.moved_default != SERVING_DEFAULT:
        move_warmup(warmup, SERVING_DEFAULT, plan.moved_default)


def _validate(
    copy: Path, plan: SignaturePlan, cases: Sequence[Mapping[str, Any]], before: ValidationReport
) -> ValidationReport:
    """Validates the copy; checks that already fail on the source are skipped."""
    golden = [expected for case in cases for expected in _expected(case, plan)]
    if missing := sorted({*plan.sources} - {case["signature"] for case in golden if case["rows"] != 0}):
        raise ExportError(
            f"no generated request is answered by signature {', '.join(missing)}, so the copy cannot be compared with "
            "the source. Give known requests (--golden FILE, or golden= in Python)."
        )
    required = {"golden_answers", "forwarded", "all_signatures", "names_and_types", "load", "files", "saved_model"}
    skip = {check.name for check in before.failures} - required
    for name in sorted(skip):
        logging.warning("the source fails the check %s, so it is skipped for the copy", name)
    answered = [
        {case["rows"] for case in cases if case["signature"] == name} - {None} for name in before.contract.signatures
    ]
    sizes = sorted(set.intersection(*filter(None, answered))) if any(answered) else []
    return validate_export(copy, plan.contract, golden, skip=skip, batches=sizes)


def _expected(case: Mapping[str, Any], plan: SignaturePlan) -> list[dict[str, Any]]:
    """Returns a known answer of the source for every signature of the copy that must give it."""
    cases = []
    for name, source in plan.sources.items():
        if source != case["signature"]:
            continue
        inputs, outputs = dict(case["inputs"]), dict(case["outputs"])
        for each, tensor in plan.added.get(name, {}).items():
            inputs.setdefault(each, generated_values(tensor.dtype, case["rows"]))
            outputs[each] = inputs[each]
        cases.append({"signature": name, "rows": case["rows"], "inputs": inputs, "outputs": outputs})
    return cases


def generated_values(dtype: str, rows: int | None) -> Any:
    """Returns values for an input that is only returned; `rows` None: a single one.

    Example:
        >>> generated_values("string", 2)
        ['row 0', 'row 1']
    """
    values: list[Any] = [f"row {number}" if dtype == "string" else number for number in range(rows or 1)]
    return values[0] if rows is None else values[:rows]
