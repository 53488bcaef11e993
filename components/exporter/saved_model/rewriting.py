"""Loads a SavedModel with Python's TensorFlow and saves it with more signatures, in a process with limits.

`tf.saved_model.load` runs functions of the model, so it does not run in the caller's process. Read `rewrite` first.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.common.files import tree_size
from components.exporter import errors
from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportError
from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.saved_model.input_names import pass_through, restore_input_names
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.saved_model.signature_plan import SignaturePlan
from components.exporter.validator.fresh_process import ProbeDiedError, run_limited
from components.exporter.validator.probe.limits import limit_process, private_output
from components.exporter.validator.probe.pitfalls import PITFALLS
from components.exporter.validator.probe.values import from_json, to_json

_START = (
    "import json, sys; request = json.load(open(sys.argv[1], encoding='utf-8')); sys.path[:] = request['python_path']; "
    "from components.exporter.saved_model.rewriting import main; main(request)"
)
_MOST_ADDED = 1 << 28  # bytes that the copy may be larger than its source


def rewrite(source: Path, copy: Path, plan: SignaturePlan, old: Contract) -> None:
    """Saves a copy of a model with the signatures of a plan.

    Args:
        source: a SavedModel that was checked (`require_safe`).
        copy: folder to write.
        plan: the signatures.
        old: contract of the source.

    Raises:
        ExportError: TensorFlow cannot load or save the model, or a limit is reached.
        ExportInvalidError: a known mistake.
    """
    _run(
        source,
        task="save",
        copy=str(copy),
        sources=dict(plan.sources),
        added={name: list(inputs) for name, inputs in plan.added.items()},
        contract=plan.contract.to_dict(),
        old=old.to_dict(),
        renamed=dict(plan.renamed),
        labels=list(plan.labels),
        labelled=dict(plan.labelled),
        prune=plan.prune,
        written_bytes=2 * tree_size(source) + _MOST_ADDED,
    )


def answers_in_python(source: Path, old: Contract, cases: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Returns the answers of a model that only Python can load: outputs, or a text if the model refuses.

    Args:
        source: a SavedModel that was checked.
        old: its contract.
        cases: `signature` and `inputs`, as in `reference_answers`.
    """
    request = {"old": old.to_dict(), "cases": list(cases), "written_bytes": _MOST_ADDED}
    return list(_run(source, task="answer", **request)["answers"])


def _run(source: Path, **request: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    command = [sys.executable, "-I", "-B", "-c", _START]
    try:
        for line in run_limited(command, {"python_path": sys.path, "source": str(source), **request}):
            values |= line
    except ProbeDiedError as error:
        cure = PITFALLS[error.pitfall].cure
        raise ExportError(f"{source}: TensorFlow cannot copy the model ({error.pitfall}). {error}. {cure}") from error
    if "error" in values:
        raise getattr(errors, values["kind"])(values["error"])
    return values


def main(request: dict[str, Any]) -> None:
    """Runs a request in the process with limits."""
    limit_process(request["seconds"], request["memory_bytes"], request.get("written_bytes", 0))
    output = private_output()
    import tensorflow  # noqa: F401 (the import, which may take a minute, is not the model's time)

    print("{}", file=output, flush=True)
    try:
        answer = {"save": _save, "answer": _answer}[request["task"]](request)
    except (errors.ContractError, ExportError, errors.ExportInvalidError) as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    print(json.dumps(answer), file=output, flush=True)


def _save(request: Mapping[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    old, contract = Contract.from_dict(request["old"]), Contract.from_dict(request["contract"])
    copy = Path(request["copy"])
    loaded = _load(request["source"])
    require_resource_variables(loaded, request["source"])
    module = tf.Module(name="added_signatures")
    module.base = _read_parts(loaded, {*request["sources"].values()}) if request["prune"] else loaded
    with explained_errors():
        signatures = {}
        for name, original in request["sources"].items():
            signatures[name] = pass_through(
                _caller(loaded.signatures[original], list(old.signatures[original].inputs), original, request),
                contract.signatures[name].inputs,
                request["added"].get(name, []),
            )
        options = tf.saved_model.SaveOptions(save_debug_info=False)
        tf.saved_model.save(module, str(copy), signatures=signatures, options=options)
    restore_input_names(copy, {name: list(contract.signatures[name].inputs) for name in signatures})
    scrub_build_paths(copy)
    return {"saved": True}


def require_resource_variables(loaded: Any, source: str) -> None:
    """Refuses TensorFlow 1 models whose variables TensorFlow 2 would save without their values."""
    graph = getattr(loaded, "graph", None)
    operations = [] if graph is None else graph.get_operations()
    if names := [each.name for each in operations if each.type in ("Variable", "VariableV2")]:
        raise ExportError(
            f"{source}: variables of TensorFlow 1 without resources ({', '.join(names[:3])}), whose values "
            "TensorFlow 2 cannot save. Save the model with resource variables "
            "(tf.compat.v1.enable_resource_variables()), or freeze them into constants, and try again."
        )


def _caller(function: Any, own: Sequence[str], original: str, request: Mapping[str, Any]) -> Any:
    """Returns a function of all inputs that answers like a signature of the source, under the new names."""
    renamed = request["renamed"]

    def answer(values: Mapping[str, Any]) -> dict[str, Any]:
        outputs = function(**{each: values[renamed.get(each, each)] for each in own})
        result = {renamed.get(name, name): value for name, value in outputs.items()}
        if original in request["labelled"]:
            source, label = request["labelled"][original]
            result[label] = _labels(result[source], request["labels"])
        return result

    return answer


def _labels(classes: Any, labels: Sequence[str]) -> Any:
    """Returns the label of the highest score, or of an id; "" for an id without a label."""
    import tensorflow as tf

    ids = tf.argmax(classes, -1) if classes.dtype.is_floating else tf.cast(classes, tf.int64)
    known = (ids >= 0) & (ids < len(labels))
    return tf.where(known, tf.gather(tf.constant(labels), tf.where(known, ids, 0)), "")


def _read_parts(loaded: Any, signatures: Collection[str]) -> list[Any]:
    """Returns the variables that signatures read, and all tables and assets, of a loaded model."""
    import tensorflow as tf

    read = {id(tensor) for name in signatures for tensor in loaded.signatures[name].captured_inputs}
    parts = []
    for part in tf.train.TrackableView(loaded).descendants():
        handle = getattr(part, "handle" if isinstance(part, tf.Variable) else "resource_handle", None)
        if hasattr(part, "asset_path") or (handle is not None and id(handle) in read):
            parts.append(part)
    return parts


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    old = Contract.from_dict(request["old"])
    loaded = _load(request["source"])
    answers: list[Any] = []
    for case in request["cases"]:
        inputs = old.signatures[case["signature"]].inputs
        try:
            tensors = {}
            for name, value in case["inputs"].items():
                dtype = tf.as_dtype(inputs[name].dtype)
                numbers = from_json(value, np.dtype(object if dtype == tf.string else dtype.as_numpy_dtype))
                tensors[name] = tf.constant(numbers, dtype)
            outputs = loaded.signatures[case["signature"]](**tensors)
            answers.append({name: to_json(value.numpy()) for name, value in outputs.items()})
        except Exception as error:  # a model may refuse with any error
            answers.append(str(error))
    return {"answers": answers}


def _load(source: str) -> Any:
    import tensorflow as tf

    try:
        return tf.saved_model.load(source, tags=["serve"])
    except ValueError as error:
        # Newer TensorFlows refuse inputs of TensorFlow 1 models that are not Python names, such as `class`.
        if "parameter name" not in str(error):
            raise
        raise ExportError(
            f"{source}: TensorFlow {tf.__version__} cannot load a TensorFlow 1 model with such an input: {error}. "
            "Add the signatures with TensorFlow 2.16 (STACK=tfx116)."
        ) from error
