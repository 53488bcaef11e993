"""Gives a SavedModel further signatures, whatever made it: its code is not needed.

Method of the second article this project builds on (keyed prediction, feature forwarding, several signatures), with
what TensorFlow needs today: the loaded model stays an attribute of what is saved, so that its variables and tables
travel along.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import logging

from components.exporter.add_signatures.plan import DEFAULT, AddSignaturesPlan, plan_added_signatures
from components.exporter.contract.contract import Contract
from components.exporter.errors import AddSignaturesError
from components.exporter.saved_model.embedded_metadata import EXTRA, embed_metadata, embedded_contract
from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.saved_model.input_names import restore_input_names
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.saved_model.warmup import WARMUP_FILE, move_warmup
from components.exporter.validator import ValidationReport, require_valid, validate_export
from components.exporter.validator.probe.checks import NEEDED
from components.exporter.validator.reference import reference_answers


def add_signatures(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    add: Sequence[str] = (),
    default: str | None = None,
    forward: Mapping[str, str] | None = None,
    keep_original_as: str | None = None,
    base: str = DEFAULT,
    key: str = "key",
    golden: Sequence[Mapping[str, Any]] = (),
    report_path: str | os.PathLike[str] | None = None,
) -> ValidationReport:
    """Writes a copy of a model with more signatures. The copy needs nothing of the source.

    All old signatures stay, names, assets, assets.extra and weights survive, and every answer is bit for bit the
    source's: the validator sends the same requests to both.

    Args:
        source: a SavedModel, TensorFlow 1 or 2.
        destination: folder to make; it must not exist and appears only when it passed validation.
        add: signatures to add, `keyed` and/or `feature_forward`.
        default: which signature becomes `serving_default`.
        forward: features that `feature_forward` returns -> dtype; an input of the model keeps its own dtype.
        keep_original_as: name under which the original `serving_default` stays; `unkeyed_signature` if it is replaced.
        base: signature that the added ones extend.
        key: name of the key.
        golden: further known requests, as in `validate_export`, for models whose inputs cannot be made up.
        report_path: where the validation report goes.

    Returns:
        The validation report of the copy.

    Raises:
        AddSignaturesError: a wish does not go with the model, or the folders are not as they must be.
        ExportInvalidError: the copy fails a check that the source passes; the copy is thrown away.
    """
    source, destination = Path(source).resolve(), Path(destination).absolute()
    _require_folders(source, destination)
    before = validate_export(source, embedded_contract(source), golden)
    if {check.name for check in before.failures} & NEEDED:
        require_valid(before)
    wishes: dict[str, Any] = {"add": add, "default": default, "forward": forward, "base": base, "key": key}
    plan = plan_added_signatures(before.contract, keep_original_as=keep_original_as, **wishes)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{destination.name}-", dir=destination.parent) as workshop:
        made = Path(workshop, "model")
        load = _save(source, made, plan, before.contract)
        _carry_extras(source, made, plan)
        embed_metadata(made, plan.contract)
        cases = reference_answers(source, before.contract, golden, load)
        report = _validate(made, plan, cases, before)
        if report_path is not None:
            report.write(report_path)
        require_valid(report)
        made.rename(destination)
    return report


def _require_folders(source: Path, destination: Path) -> None:
    if not (source / "saved_model.pb").is_file():
        raise AddSignaturesError(
            f"{source}: no saved_model.pb. Give the folder of a SavedModel (with TF Serving, of a version)."
        )
    if destination.exists():
        raise AddSignaturesError(f"{destination} exists already. Choose another folder, or remove it first.")


def _load(source: Path) -> Any:
    import tensorflow as tf

    try:
        return tf.saved_model.load(str(source), tags=["serve"])
    except ValueError as error:
        # Newer TensorFlows refuse inputs of TensorFlow 1 models that are no Python names, such as `class`.
        if "parameter name" not in str(error):
            raise
        raise AddSignaturesError(
            f"{source}: TensorFlow {tf.__version__} cannot load a model of TensorFlow 1 with such an input: {error}. "
            "Re-sign it with TensorFlow 2.16 (STACK=tfx116)."
        ) from error


def _save(source: Path, made: Path, plan: AddSignaturesPlan, old: Contract) -> Callable[..., Any]:
    """Loads, wraps, saves; returns the loaded model's signatures as a function for reference answers."""
    import tensorflow as tf

    loaded = _load(source)
    module = tf.Module(name="added_signatures")
    module.base = loaded  # tracks variables and tables
    with explained_errors():
        signatures = {name: _signature(loaded.signatures, name, plan, old) for name in plan.sources}
        options = tf.saved_model.SaveOptions(save_debug_info=False)
        tf.saved_model.save(module, str(made), signatures=signatures, options=options)
    restore_input_names(made, {name: list(plan.contract.signatures[name].inputs) for name in signatures})
    scrub_build_paths(made)

    def call(signature: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        dtypes = {name: tensor.dtype for name, tensor in old.signatures[signature].inputs.items()}
        given = {name: tf.constant(value, dtypes[name]) for name, value in inputs.items()}
        answer = loaded.signatures[signature](**given)
        return {name: value.numpy() for name, value in answer.items()}

    return call


def _signature(originals: Mapping[str, Any], name: str, plan: AddSignaturesPlan, old: Contract) -> Any:
    """A function that answers like the source's signature and hands through what was added."""
    from components.exporter.add_signatures.pass_through import pass_through

    original = originals[plan.sources[name]]
    own = old.signatures[plan.sources[name]].inputs
    return pass_through(
        lambda given: original(**{each: given[each] for each in own}),
        plan.contract.signatures[name].inputs,
        list(plan.added.get(name, {})),
    )


def _carry_extras(source: Path, made: Path, plan: AddSignaturesPlan) -> None:
    """Saving drops assets.extra. Warm-up requests of the old default go to where it is served now."""
    if not (source / EXTRA).is_dir():
        return
    shutil.copytree(source / EXTRA, made / EXTRA)
    warmup = made / EXTRA / WARMUP_FILE
    if warmup.is_file() and plan.moved_default != DEFAULT:
        move_warmup(warmup, DEFAULT, plan.moved_default)


def _validate(
    made: Path, plan: AddSignaturesPlan, cases: Sequence[Mapping[str, Any]], before: ValidationReport
) -> ValidationReport:
    """Holds the copy against the source. What the source does not do either is no fault of the copy."""
    golden = [served for case in cases for served in _as_served(case, plan)]
    if missing := sorted({*plan.sources} - {case["signature"] for case in golden if case["rows"] != 0}):
        raise AddSignaturesError(
            f"no request could be made up that signature {', '.join(missing)} answers, so the copy cannot be compared "
            "with the source. Give known requests (--golden FILE, or golden= in Python)."
        )
    kept = {"golden_answers", "forwarded", "all_signatures", "names_and_types", "load", "files", "saved_model"}
    old = {check.name for check in before.failures} - kept
    for name in sorted(old):
        logging.warning("the source fails the check %s, so it is left out for the copy", name)
    answered = [
        {case["rows"] for case in cases if case["signature"] == name} - {None} for name in before.contract.signatures
    ]
    sizes = sorted(set.intersection(*filter(None, answered))) if any(answered) else []
    return validate_export(made, plan.contract, golden, skip=old, batches=sizes)


def _as_served(case: Mapping[str, Any], plan: AddSignaturesPlan) -> list[dict[str, Any]]:
    """A known answer of the source, for every signature that must give it."""
    found = []
    for name, source in plan.sources.items():
        if source != case["signature"]:
            continue
        inputs, outputs = dict(case["inputs"]), dict(case["outputs"])
        for each, tensor in plan.added.get(name, {}).items():
            inputs.setdefault(each, _made_up(tensor.dtype, case["rows"]))
            outputs[each] = inputs[each]
        found.append({"signature": name, "rows": case["rows"], "inputs": inputs, "outputs": outputs})
    return found


def _made_up(dtype: str, rows: int | None) -> Any:
    """Values to hand through; `rows` None: a single one."""
    values: list[Any] = [f"row {number}" if dtype == "string" else number for number in range(rows or 1)]
    return values[0] if rows is None else values[:rows]
