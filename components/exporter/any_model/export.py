"""Exports any Keras 3 model as a SavedModel that a server can load.

    report = export_model(model, "served/1", transform_graph="transform_graph", labels=["setosa", "versicolor"])

docs/exporting-any-model.md has complete examples.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from components.common.errors import counted
from components.common.files import incoming_folder, rename_into_place
from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import ExportError
from components.exporter.saved_model.add_signatures import generated_values
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.saved_model.input_names import pass_through, restore_input_names, safe_names
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.saved_model.signature_plan import SignaturePlan, plan_signatures
from components.exporter.settings import FORWARD_DTYPES
from components.exporter.signatures import Signatures
from components.exporter.validator.probe.pitfalls import PITFALLS
from components.exporter.validator.probe.values import from_json
from components.exporter.validator.reference import reference_answers
from components.exporter.validator.validate import BATCHES, require_valid, validate_export
from components.exporter.validator.validation_report import CheckResult, ValidationReport
from components.keys import KEYED, SERVING_DEFAULT

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from components.exporter.any_model.module import GenericModule

CONTRACT_VERSION = 1
ROUNDING = {"rtol": 1e-3, "atol": 1e-5}
_MEANINGS = {
    "label": "The most probable label.",
    "score": "The probability of `label`.",
    "probabilities": "The probability of each label, in the order of the labels.",
}


def export_model(
    model: keras.Model,
    destination: str | os.PathLike[str],
    *,
    inputs: Mapping[str, tf.TensorSpec] | None = None,
    transform_graph: str | os.PathLike[str] | None = None,
    labels: Sequence[str] | str | os.PathLike[str] | None = None,
    from_logits: bool = False,
    signatures: Signatures = Signatures(key="key"),  # noqa: B008 (frozen)
    examples: Mapping[str, Any] | None = None,
    report_path: str | os.PathLike[str] | None = None,
) -> ValidationReport:
    """Exports a model and validates the result in a separate process, through the loader of servers.

    Outputs are the model's own, by name; with labels they are `label` string [batch], `score` float [batch] and
    `probabilities` float [batch, classes].

    Args:
        model: Keras 3, functional, sequential or subclassed, with weights.
        destination: folder to create; it must not exist and appears only after validation. TensorFlow Serving needs a
            number as its name.
        inputs: of a subclassed model: name -> spec. Renames the input of a model with a single one.
        transform_graph: tf.Transform's output folder. The model's inputs are looked up among its transformed features
            by name, and the raw features these are computed from become the inputs of signatures: never the training
            label. Features of variable length are served as [batch, values].
        labels: in the order of the model's outputs, or a file with one label per line.
        from_logits: whether the model's scores are logits; used with labels.
        signatures: besides `serving_default`; `default` may be None (the plain signature) or `keyed`.
        examples: real requests: input name -> values, one row each. The exported model must answer them as the
            Keras model does, floating-point numbers up to rounding; without them, requests are generated.
        report_path: file for the validation report as JSON.

    Returns:
        The validation report; its `contract` describes the signatures.

    Raises:
        ExportError: model, graph, labels and signatures do not fit together.
        ExportInvalidError: a known mistake in the model, or a failed check; the destination is not created.
    """
    from components.exporter.any_model.keras_interface import KerasInterface
    from components.exporter.any_model.label_lookup import LabelLookup
    from components.exporter.any_model.module import GenericModule

    target = Path(destination).absolute()
    _check_arguments(target, signatures)
    lookup = None if labels is None else LabelLookup(labels, from_logits)
    graph = None if transform_graph is None else str(transform_graph)
    with explained_errors():
        module = GenericModule(model, KerasInterface(model, inputs), graph, lookup)
    plan = _plan(_plain_contract(module), signatures)
    with incoming_folder(target, f".{target.name}-") as scratch:
        folder = scratch / "model"
        functions = _save(module, plan, folder)
        embed_metadata(folder, plan.contract)
        cases = _recorded(folder, plan, examples)
        report = validate_export(folder, plan.contract, cases)
        report = dataclasses.replace(report, checks=(*report.checks, *_compare(cases, functions, plan.contract)))
        if report_path is not None:
            report.write(report_path)
        require_valid(report)
        rename_into_place(folder, target, shared=False)
    return report


def _check_arguments(target: Path, signatures: Signatures) -> None:
    if os.path.lexists(target):
        raise ExportError(f"{target}: exists already. Choose another folder, or remove it first.")
    if signatures.default not in (None, KEYED) or (signatures.default == KEYED and signatures.key is None):
        raise ExportError(
            f"signatures.default: {signatures.default!r} is not a signature of the export. Use None, or {KEYED} with a "
            "key."
        )
    for name, dtype in signatures.forward.items():
        if dtype not in FORWARD_DTYPES:
            raise ExportError(f"signatures.forward: {name} has dtype {dtype!r}. Use one of {FORWARD_DTYPES}.")


def _plain_contract(module: GenericModule) -> Contract:
    """Returns the contract of the module without key and features."""
    inputs = {name: TensorContract.of_spec(spec) for name, spec in module.inputs.items()}
    outputs = {
        name: TensorContract.of_spec(spec, _MEANINGS.get(name, f"The model's output `{name}`."))
        for name, spec in module.answer.structured_outputs.items()
    }
    return Contract(CONTRACT_VERSION, {SERVING_DEFAULT: SignatureContract(inputs, outputs, "The model's answer.")})


def _plan(plain: Contract, signatures: Signatures) -> SignaturePlan:
    if signatures.key is None and not signatures.forward:
        return SignaturePlan(sources={SERVING_DEFAULT: SERVING_DEFAULT}, added={}, contract=plain)
    return plan_signatures(plain, signatures)


def _save(module: GenericModule, plan: SignaturePlan, folder: Path) -> dict[str, Any]:
    """Writes the model; returns its signatures as functions of this process, with the weights of the Keras model."""
    import tensorflow as tf

    def answer(values: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        return module.answer({name: values[name] for name in module.inputs})

    contracts = plan.contract.signatures
    with explained_errors():
        functions = {
            name: pass_through(answer, contracts[name].inputs, list(plan.added.get(name, {}))) for name in plan.sources
        }
        options = tf.saved_model.SaveOptions(save_debug_info=False)
        tf.saved_model.save(module, str(folder), signatures=functions, options=options)
    restore_input_names(folder, {name: list(contracts[name].inputs) for name in functions})
    scrub_build_paths(folder)
    return functions


def _recorded(folder: Path, plan: SignaturePlan, examples: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Returns requests, real ones if there are some, with the answers of the exported model in a server's loader."""
    rows = len(next(iter(examples.values()))) if examples else 1
    real = [_example(name, plan, examples, rows) for name in plan.sources] if examples else []
    cases = reference_answers(folder, plan.contract, real, batches=sorted({*BATCHES, rows} - {0}))
    return [{name: case[name] for name in ("signature", "inputs", "outputs")} for case in cases]


def _example(signature: str, plan: SignaturePlan, examples: Mapping[str, Any], rows: int) -> dict[str, Any]:
    """Returns the real request for a signature; inputs that are only returned are generated if missing."""
    own = plan.contract.signatures[plan.moved_default].inputs
    counts = {name: len(values) for name, values in examples.items()}
    if set(counts) != {*own} or set(counts.values()) != {rows}:
        raise ExportError(f"examples: the numbers of rows are {counts}. Give as many of each of {sorted(own)}.")
    inputs = {
        name: generated_values(tensor.dtype, rows)
        for name, tensor in plan.contract.signatures[signature].inputs.items()
    }
    inputs |= {name: np.asarray(values).tolist() for name, values in examples.items()}
    return {"signature": signature, "inputs": inputs, "outputs": {}}


def _compare(
    cases: Sequence[Mapping[str, Any]], functions: Mapping[str, Any], contract: Contract
) -> Iterator[CheckResult]:
    """Compares the exported model's answers with those of the Keras model: one check per signature.

    Floating-point numbers may differ by rounding: a server's loader folds the constants of a transform graph, and
    training may have used a GPU.
    """
    for name, promised in contract.signatures.items():
        begin, difference = time.perf_counter(), ""
        own = [case for case in cases if case["signature"] == name]
        for case in own:
            expected = _in_keras(functions[name], promised.inputs, case["inputs"])
            for output, tensor in promised.outputs.items():
                actual = from_json(case["outputs"][output], _dtype(tensor.dtype))
                if not _alike(expected[output], actual):
                    difference = (
                        f"output {output} is {_format(actual)}, and the Keras model gives {_format(expected[output])}"
                    )
        passed = bool(own) and not difference
        yield CheckResult(
            name="keras_answers",
            signature=name,
            passed=passed,
            detail=difference or counted(len(own), "request"),
            fix="" if passed else PITFALLS["wrong_tags"].cure,
            pitfall="" if passed else "wrong_tags",
            seconds=round(time.perf_counter() - begin, 4),
        )


def _in_keras(function: Any, inputs: Mapping[str, TensorContract], values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Returns the answer of a signature in this process."""
    import tensorflow as tf

    short = safe_names(list(inputs))
    tensors = {
        short[name]: tf.constant(from_json(values[name], _dtype(tensor.dtype)), tensor.dtype)
        for name, tensor in inputs.items()
    }
    return {name: value.numpy() for name, value in function(**tensors).items()}


def _alike(expected: np.ndarray, actual: np.ndarray) -> bool:
    if expected.shape != actual.shape:
        return False
    if expected.dtype.kind != "f":
        return bool(np.all(expected == actual))
    return np.allclose(expected, actual, **ROUNDING, equal_nan=True)


def _format(values: np.ndarray) -> str:
    return repr(values.tolist())[:120]


def _dtype(name: str) -> np.dtype:
    return np.dtype(object if name == "string" else name)
