"""Adds signatures to any SavedModel and changes its own, without the code that made it.

The method comes from the second article that this project builds on (keyed prediction, feature forwarding, several
signatures), with one change that TensorFlow needs today: the loaded model stays an attribute of the saved object, so
that its variables and tables are saved, too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from components.common.files import incoming_folder, rename_into_place
from components.common.progress import report_progress
from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportError
from components.exporter.saved_model.embedded_metadata import embed_metadata, embedded_contract, embedded_golden
from components.exporter.saved_model.rewriting import answers_in_python, rewrite
from components.exporter.saved_model.signature_plan import Changes, SignaturePlan, plan_signatures
from components.exporter.signatures import Signatures
from components.exporter.validator.private_copy import private_copy
from components.exporter.validator.probe.checks import NEEDED, NEEDED_BY_SIGNATURE
from components.exporter.validator.probe.folder_checks import models_below
from components.exporter.validator.probe.values import from_json
from components.exporter.validator.reference import reference_answers
from components.exporter.validator.validate import require_valid, validate_export
from components.exporter.validator.validation_report import CheckResult, ValidationReport
from components.keys import ASSETS_EXTRA, GOLDEN_FILE, SAVED_MODEL_FILE, SERVING_DEFAULT, WARMUP_FILE

_REQUIRED = frozenset(
    {"golden_answers", "forwarded", "all_signatures", "names_and_types", "load", "files", "saved_model"}
)
"""Checks that a copy must pass even if its source does not: without them nothing shows that the copy is one."""


def add_signatures(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    signatures: Signatures,
    *,
    changes: Changes | None = None,
    golden: Sequence[Mapping[str, Any]] = (),
    report_path: str | os.PathLike[str] | None = None,
) -> ValidationReport:
    """Writes a copy of a model with more signatures. The copy does not need the source.

    The copy keeps signatures, names, assets, assets.extra and weights, up to `changes`. The validator sends the same
    requests to both models and compares the answers bit for bit.

    The model is code: it is checked first (`require_safe`), and then runs in processes with limits (`limits_set`).

    Args:
        source: a SavedModel, TensorFlow 1 or 2.
        destination: folder to create; it must not exist and appears only after validation.
        signatures: to add; `default` may also name a signature of the source.
        changes: of the signatures of the source: names, labels, what to leave out.
        golden: further known requests to the source, as in `validate_export`, for models whose inputs cannot be
            generated.
        report_path: file for the validation report.

    Returns:
        The validation report of the copy; `repaired` and `inherited` compare it with the source.

    Raises:
        ExportError: the signatures do not fit the model, it does not repeat its answers, or a folder is missing or
            exists.
        ExportInvalidError: the source cannot be loaded, or the copy fails a check that the source passes; no copy is
            left.
    """
    original, destination = Path(source).resolve(), Path(destination).absolute()
    _require_folders(original, destination)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(private_copy(original))
        embedded = embedded_contract(source)
        if embedded is not None:
            plan_signatures(embedded, signatures, changes)  # names a wrong option before the model runs
        before = validate_export(source, embedded, golden)
        if {check.name for check in before.failures} & {*NEEDED, "served_dtypes"}:
            require_valid(before, original)
        before = _without_false_promises(before, embedded)
        plan = plan_signatures(before.contract, signatures, changes)
        copy = stack.enter_context(incoming_folder(destination, f".{destination.name}-")) / "model"
        report_progress("writing the copy", 0, 0)
        rewrite(source, copy, plan, before.contract)
        _copy_extras(source, copy, plan)
        known = [expected for case in embedded_golden(source) for expected in _expected(case, plan)]
        embed_metadata(copy, plan.contract, golden=known)
        refusals: list[str] = []

        def in_python(refused: Sequence[Mapping[str, Any]]) -> list[Any]:
            answers = answers_in_python(source, before.contract, refused)
            refusals.extend(answer for answer in answers if isinstance(answer, str))
            return answers

        cases = reference_answers(source, before.contract, golden, in_python=in_python)
        _require_answers(cases, plan, refusals)
        report = _validate(copy, plan, cases, before)
        if report_path is not None:
            report.write(report_path)
        _require_repeatable(original, plan, before, report)
        require_valid(report, "the copy")
        report_progress("writing the copy", 0, 0)
        rename_into_place(copy, destination, shared=False)
    return report


def _require_folders(source: Path, destination: Path) -> None:
    if not (source / SAVED_MODEL_FILE).is_file():
        versions = models_below(source)
        fix = f"folder of a version: {source / versions[-1]}" if versions else "folder of a SavedModel"
        raise ExportError(f"{source}: no {SAVED_MODEL_FILE}. Give the {fix}.")
    if os.path.lexists(destination):
        raise ExportError(f"{destination}: exists already. Choose another folder, or remove it first.")


def _copy_extras(source: Path, copy: Path, plan: SignaturePlan) -> None:
    """Copies assets.extra, which saving drops. Warm-up requests of the old default follow it to its new name."""
    if not (source / ASSETS_EXTRA).is_dir():
        return
    ignore = shutil.ignore_patterns(GOLDEN_FILE)  # those of the copy have other signatures
    shutil.copytree(source / ASSETS_EXTRA, copy / ASSETS_EXTRA, ignore=ignore)
    warmup = copy / ASSETS_EXTRA / WARMUP_FILE
    if warmup.is_file() and (plan.renamed or any(plan.moved(source) != source for source in plan.sources.values())):
        _move_warmup(warmup, plan.moved, plan.renamed)


def _without_false_promises(before: ValidationReport, embedded: Contract | None) -> ValidationReport:
    """Returns the report with a contract that promises to return no input that the model changes.

    Without a contract in the model, an output named like an input is only taken for that input.
    """
    changed = {check.signature for check in before.failures if check.name == "forwarded"}
    if embedded is not None or not changed:
        return before
    signatures = {
        name: dataclasses.replace(
            each, outputs={key: dataclasses.replace(tensor, forwards="") for key, tensor in each.outputs.items()}
        )
        if name in changed
        else each
        for name, each in before.contract.signatures.items()
    }
    checks = tuple(check for check in before.checks if check.name != "forwarded" or check.passed)
    return dataclasses.replace(
        before, checks=checks, contract=dataclasses.replace(before.contract, signatures=signatures)
    )


def _require_answers(cases: Sequence[Mapping[str, Any]], plan: SignaturePlan, refusals: Sequence[str]) -> None:
    answered = {case["signature"] for case in cases if case["rows"] != 0}
    if missing := sorted({*plan.sources.values()} - answered):
        reason = " ".join(refusals[-1].split())[:300] if refusals else ""
        raise ExportError(
            f"no generated request is answered by signature {', '.join(missing)}, so the copy cannot be compared with "
            f"the source{f' (the last reason: {reason})' if reason else ''}. Give known requests (--golden FILE, or "
            "golden= in Python)."
        )


def _require_repeatable(source: Path, plan: SignaturePlan, before: ValidationReport, report: ValidationReport) -> None:
    """Names the source as the cause, if copy and source differ because the source does not repeat its answers."""
    differ = {plan.sources.get(check.signature) for check in report.failures if check.name == "golden_answers"}
    for check in before.failures:
        if check.name == "repeatable" and check.signature in differ:
            raise ExportError(
                f"{source}: signature {check.signature}: {check.detail}, so the copy cannot be compared with the "
                "source. Save the model without random numbers and without variables that the signature assigns, or "
                "leave the signature out (--drop)."
            )


def _validate(
    copy: Path, plan: SignaturePlan, cases: Sequence[Mapping[str, Any]], before: ValidationReport
) -> ValidationReport:
    """Validates the copy; checks that the source does not pass may fail."""
    golden = [expected for case in cases for expected in _expected(case, plan)]
    answered = [
        {case["rows"] for case in cases if case["signature"] == name} - {None} for name in before.contract.signatures
    ]
    sizes = sorted(set.intersection(*filter(None, answered))) if any(answered) else []
    report = validate_export(copy, plan.contract, golden, batches=sizes)
    skip = {check.name for check in _inherited(report, plan, before)} & NEEDED_BY_SIGNATURE
    if skip:  # they rule out the comparison of answers
        failed = [check for check in report.checks if check.name in skip]
        report = validate_export(copy, plan.contract, golden, batches=sizes, skip=skip)
        report = dataclasses.replace(report, checks=(*report.checks, *failed), skipped=())
    report = dataclasses.replace(report, inherited=tuple(_inherited(report, plan, before)))
    left = {check.pitfall for check in report.inherited}
    return dataclasses.replace(report, repaired=tuple(sorted({each.pitfall for each in before.failures} - left)))


def _inherited(report: ValidationReport, plan: SignaturePlan, before: ValidationReport) -> list[CheckResult]:
    """Returns the failed checks of the copy that its source does not pass either."""
    passed = {(check.name, check.signature) for check in before.checks if check.passed}
    return [
        check
        for check in report.failures
        if check.name not in _REQUIRED and (check.name, plan.sources.get(check.signature, "")) not in passed
    ]


def _expected(case: Mapping[str, Any], plan: SignaturePlan) -> list[dict[str, Any]]:
    """Returns a known answer of the source for every signature of the copy that must give it."""
    cases = []
    inputs = {plan.renamed.get(name, name): value for name, value in case["inputs"].items()}
    outputs = {plan.renamed.get(name, name): value for name, value in case["outputs"].items()}
    outputs |= _labels(outputs, plan, case["signature"])
    for name, source in plan.sources.items():
        if source != case["signature"]:
            continue
        sent, answer = dict(inputs), dict(outputs)
        for each, tensor in plan.added.get(name, {}).items():
            rows = case["rows"]
            if rows is None and tensor.shape:  # no batches, but a fixed number of rows, or inputs without rows
                rows = tensor.shape[0] or 1
            sent.setdefault(each, generated_values(tensor.dtype, rows))
            answer[each] = sent[each]
        cases.append({"signature": name, "rows": case["rows"], "inputs": sent, "outputs": answer})
    return cases


def _labels(outputs: Mapping[str, Any], plan: SignaturePlan, signature: str) -> dict[str, Any]:
    """Returns the labels of an answer, looked up without TensorFlow; none if a score is not a number."""
    output, label = plan.labelled.get(signature, ("", ""))
    served = [name for name, source in plan.sources.items() if source == signature]
    if output not in outputs or not served:
        return {}
    tensor = plan.contract.signatures[served[0]].outputs[output]
    values = from_json(outputs[output], np.dtype("float32" if tensor.dtype == "bfloat16" else tensor.dtype))
    if np.issubdtype(values.dtype, np.integer):
        known = (values >= 0) & (values < len(plan.labels))
        ids = values
    elif values.size:
        if values.shape[-1] != len(plan.labels):
            raise ExportError(
                f"labels: {len(plan.labels)} labels do not fit output {output}, which has {values.shape[-1]} scores. "
                "Give one label for each class, in the order of the training ids."
            )
        if not np.isfinite(values).all():
            return {}
        ids = values.argmax(-1)
        known = np.ones(ids.shape, bool)
    else:
        return {}
    texts = np.array([*plan.labels, ""], object)[np.where(known, ids, len(plan.labels))]
    return {label: np.asarray(texts, object).tolist()}


def generated_values(dtype: str, rows: int | None) -> Any:
    """Returns values for an input that is only returned; `rows` None: a single one.

    Example:
        >>> generated_values("string", 2)
        ['row 0', 'row 1']
    """
    values: list[Any] = [f"row {number}" if dtype == "string" else number for number in range(rows or 1)]
    return values[0] if rows is None else values[:rows]


def _move_warmup(file: Path, moved: Callable[[str], str], renamed: Mapping[str, str]) -> None:
    """Redirects warm-up requests; TensorFlow Serving does not load a model that cannot answer them.

    Args:
        file: TFRecords of `PredictionLog`; replaced.
        moved: returns the signature that takes the requests of an old one; empty: they are dropped.
        renamed: old -> new name of inputs and outputs.
    """
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    kept, changed = [], 0
    records = [*tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    for record in records:
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = getattr(log, log.WhichOneof("log_type")).request
        old = request.model_spec.signature_name or SERVING_DEFAULT
        new = moved(old)
        names = [name for name in getattr(request, "inputs", {}) if name in renamed]
        if new != old or names or list(getattr(request, "output_filter", [])):
            changed += 1
        if not new:
            continue
        if new != old:
            request.model_spec.signature_name = new
        values = {renamed[name]: request.inputs.pop(name) for name in names}  # two inputs may swap their names
        for name, value in values.items():
            request.inputs[name].CopyFrom(value)
        if hasattr(request, "output_filter"):
            request.output_filter[:] = [renamed.get(name, name) for name in request.output_filter]
        kept.append(log.SerializeToString())
    partial = file.with_name(f".{file.name}.partial")
    with tf.io.TFRecordWriter(str(partial)) as writer:
        for record in kept:
            writer.write(record)
    partial.rename(file)
    logging.info("%d of %d warm-up requests change", changed, len(records))
