"""From any Keras 3 model to a SavedModel that a server can run: this package without anything of taggers.

    report = export_model(model, "served/1", transform_graph="transform_graph", labels=["setosa", "versicolor"])

docs/exporting-any-model.md has a worked example.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from components.exporter.add_signatures.plan import DEFAULT, KEYED, AddSignaturesPlan, plan_added_signatures
from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import ModelExportError
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.saved_model.input_names import restore_input_names
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.settings import FORWARD_DTYPES
from components.exporter.validator import ValidationReport, require_valid, validate_export
from components.exporter.validator.check_result import CheckResult
from components.exporter.validator.probe.json_values import from_json
from components.exporter.validator.probe.pitfalls import PITFALLS
from components.exporter.validator.reference import reference_answers
from components.exporter.validator.validate import BATCHES

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from components.exporter.any_model.module import GenericModule

PLAIN = "plain"
DEFAULTS = (PLAIN, KEYED)
CONTRACT_VERSION = 1
ROUNDING = (1e-3, 1e-5)  # relative and absolute
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
    default: str = PLAIN,
    forward: Mapping[str, str] | None = None,
    key: str | None = "key",
    keep_plain_as: str = "unkeyed_signature",
    examples: Mapping[str, Any] | None = None,
    report_path: str | os.PathLike[str] | None = None,
) -> ValidationReport:
    """Exports a model and validates the result in a fresh process, through the loader that servers use.

    Signatures: `serving_default`; `keyed`, which returns a key beside the answer; `feature_forward`, which returns
    features. Outputs are the model's own, by name; with labels they are `label` string [batch], `score` float
    [batch] and `probabilities` float [batch, classes].

    Args:
        model: Keras 3, functional, sequential or subclassed, with weights.
        destination: folder to make; it must not exist and appears only when it passed validation. TensorFlow Serving
            wants a number as its name.
        inputs: what a subclassed model takes: name -> spec. Renames the input of a model with a single one.
        transform_graph: tf.Transform's output folder. The model's inputs are looked up among its transformed features
            by name, and the raw features these are computed from become the inputs of signatures: never the training
            label. Features of variable length are served as [batch, values].
        labels: in the order of the model's outputs, or a file with one label a line.
        from_logits: whether the model's scores are logits; used with labels.
        default: what `serving_default` is, `plain` or `keyed`; where it is keyed, `keep_plain_as` is the plain one.
        forward: features that `feature_forward` returns -> dtype (`string`, `float32`, `int64`); an input keeps its own
            dtype and shape, others have shape [batch].
        key: name of the key; None: no keyed signature.
        keep_plain_as: see `default`.
        examples: real requests: input name -> values, one row each. The exported model must answer them as the
            Keras model does, floating-point numbers up to rounding; without them, requests are made up.
        report_path: where the validation report goes as JSON.

    Returns:
        The validation report; its `contract` says what the signatures take and give.

    Raises:
        ModelExportError: model, graph, labels and wishes do not go together.
        AddSignaturesError: a forwarded feature or the key has the name of an output.
        ExportInvalidError: a known mistake in the model, or a failed check; nothing is left at the destination.
    """
    target = Path(destination).absolute()
    _require_sound_wishes(target, default, forward or {}, key)
    module = _module(model, inputs, transform_graph, labels, from_logits)
    plan = _plan(_plain_contract(module), default, forward or {}, key, keep_plain_as)
    return _export(module, plan, target, examples, report_path)


def _module(
    model: keras.Model,
    inputs: Mapping[str, tf.TensorSpec] | None,
    transform_graph: str | os.PathLike[str] | None,
    labels: Sequence[str] | str | os.PathLike[str] | None,
    from_logits: bool,
) -> GenericModule:
    from components.exporter.any_model.keras_interface import KerasInterface
    from components.exporter.any_model.label_lookup import LabelLookup
    from components.exporter.any_model.module import GenericModule

    lookup = None if labels is None else LabelLookup(labels, from_logits)
    graph = None if transform_graph is None else str(transform_graph)
    with explained_errors():
        return GenericModule(model, KerasInterface(model, inputs), graph, lookup)


def _export(
    module: GenericModule,
    plan: AddSignaturesPlan,
    target: Path,
    examples: Mapping[str, Any] | None,
    report_path: str | os.PathLike[str] | None,
) -> ValidationReport:
    """Makes the model in a folder beside the target, and renames it when it passed every check."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as workshop:
        made = Path(workshop, "model")
        answers = _save(module, plan, made)
        embed_metadata(made, plan.contract)
        cases = _asked(made, plan, examples)
        report = validate_export(made, plan.contract, cases)
        report = dataclasses.replace(report, checks=(*report.checks, *_compare(cases, answers, plan.contract)))
        if report_path is not None:
            report.write(report_path)
        require_valid(report)
        made.rename(target)
    return report


def _require_sound_wishes(target: Path, default: str, forward: Mapping[str, str], key: str | None) -> None:
    if target.exists():
        raise ModelExportError(f"{target} exists already. Choose another folder, or remove it first.")
    if default not in DEFAULTS or (default == KEYED and key is None):
        raise ModelExportError(f"default is {default!r}; it must be one of {DEFAULTS}, and keyed needs a key.")
    for name, dtype in forward.items():
        if dtype not in FORWARD_DTYPES:
            raise ModelExportError(f"forward: {name} has dtype {dtype!r}; it must be one of {FORWARD_DTYPES}.")


def _plain_contract(module: GenericModule) -> Contract:
    """What the module gives without key and features."""
    inputs = {name: _tensor(spec, "") for name, spec in module.inputs.items()}
    outputs = {
        name: _tensor(spec, _MEANINGS.get(name, f"What the model gives as `{name}`."))
        for name, spec in module.answer.structured_outputs.items()
    }
    return Contract(CONTRACT_VERSION, {DEFAULT: SignatureContract(inputs, outputs, "The model's answer.")})


def _tensor(spec: tf.TensorSpec, meaning: str) -> TensorContract:
    shape = None if spec.shape.rank is None else tuple(spec.shape)
    return TensorContract(spec.dtype.name, shape, meaning)


def _plan(
    plain: Contract, default: str, forward: Mapping[str, str], key: str | None, keep_as: str
) -> AddSignaturesPlan:
    if key is None and not forward:
        return AddSignaturesPlan(DEFAULT, {DEFAULT: DEFAULT}, {}, plain)
    keyed = default == KEYED
    return plan_added_signatures(
        plain,
        add=[] if key is None else [KEYED],
        default=KEYED if keyed else None,
        forward=forward,
        keep_original_as=keep_as if keyed else None,
        key=key or "key",
    )


def _save(module: GenericModule, plan: AddSignaturesPlan, made: Path) -> dict[str, Any]:
    """Writes the model; returns its signatures as functions of this process, whose weights are the Keras model's."""
    import tensorflow as tf

    from components.exporter.add_signatures.pass_through import pass_through

    own = module.inputs

    def answer(values: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        return module.answer({name: values[name] for name in own})

    contracts = plan.contract.signatures
    with explained_errors():
        signatures = {
            name: pass_through(answer, contracts[name].inputs, list(plan.added.get(name, {}))) for name in plan.sources
        }
        options = tf.saved_model.SaveOptions(save_debug_info=False)
        tf.saved_model.save(module, str(made), signatures=signatures, options=options)
    restore_input_names(made, {name: list(contracts[name].inputs) for name in signatures})
    scrub_build_paths(made)
    return signatures


def _asked(made: Path, plan: AddSignaturesPlan, examples: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Requests, real ones where there are some, and what the exported model answers through a server's loader."""
    rows = len(next(iter(examples.values()))) if examples else 1
    real = [_example(name, plan, examples, rows) for name in plan.sources] if examples else []
    cases = reference_answers(made, plan.contract, real, batches=sorted({*BATCHES, rows} - {0}))
    return [{name: case[name] for name in ("signature", "inputs", "outputs")} for case in cases]


def _example(signature: str, plan: AddSignaturesPlan, examples: Mapping[str, Any], rows: int) -> dict[str, Any]:
    """The real request for a signature; what it only hands through is made up where it is not given."""
    wanted = plan.contract.signatures[signature].inputs
    own = plan.contract.signatures[plan.moved_default].inputs
    if set(examples) != {*own} or {len(values) for values in examples.values()} != {rows}:
        found = {name: len(values) for name, values in examples.items()}
        raise ModelExportError(f"examples: {found} rows are given; give as many of each of {sorted(own)}.")
    made_up = {
        name: [f"row {number}" if tensor.dtype == "string" else number for number in range(rows)]
        for name, tensor in wanted.items()
    }
    given = {name: np.asarray(values).tolist() for name, values in examples.items()}
    return {"signature": signature, "inputs": {**made_up, **given}, "outputs": {}}


def _compare(
    cases: Sequence[Mapping[str, Any]], signatures: Mapping[str, Any], contract: Contract
) -> Iterator[CheckResult]:
    """Holds the exported model's answers against those of the Keras model: one check a signature.

    Floating-point numbers may differ by rounding: a server's loader folds the constants of a transform graph, and
    training may have used a GPU.
    """
    for name, promised in contract.signatures.items():
        begin, wrong = time.perf_counter(), ""
        asked = [case for case in cases if case["signature"] == name]
        for case in asked:
            expected = _in_keras(signatures[name], promised.inputs, case["inputs"])
            for output, tensor in promised.outputs.items():
                found = from_json(case["outputs"][output], _dtype(tensor.dtype))
                if not _alike(expected[output], found):
                    wrong = f"output {output} is {_shown(found)}, and the Keras model says {_shown(expected[output])}"
        detail = wrong or f"{len(asked)} requests"
        passed = bool(asked) and not wrong
        cause = {} if passed else {"fix": PITFALLS["wrong_tags"].cure, "pitfall": "wrong_tags"}
        seconds = round(time.perf_counter() - begin, 4)
        yield CheckResult("keras_answers", name, passed, detail, **cause, seconds=seconds)


def _in_keras(function: Any, wanted: Mapping[str, TensorContract], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What a signature answers in this process."""
    import tensorflow as tf

    from components.exporter.saved_model.input_names import safe_names

    short = safe_names(list(wanted))
    given = {
        short[name]: tf.constant(from_json(inputs[name], _dtype(tensor.dtype)), tensor.dtype)
        for name, tensor in wanted.items()
    }
    return {name: value.numpy() for name, value in function(**given).items()}


def _alike(expected: np.ndarray, found: np.ndarray) -> bool:
    if expected.dtype.kind != "f":
        return expected.shape == found.shape and bool(np.all(expected == found))
    return expected.shape == found.shape and np.allclose(expected, found, *ROUNDING, equal_nan=True)


def _shown(values: np.ndarray) -> str:
    return repr(values.tolist())[:120]


def _dtype(name: str) -> np.dtype:
    return np.dtype(object if name == "string" else name)
