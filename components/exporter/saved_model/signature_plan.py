"""The plan of a model with other signatures. Knows names and contracts only, no TensorFlow."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import ExportError
from components.exporter.signatures import Signatures
from components.keys import FEATURE_FORWARD, KEYED, SERVING_DEFAULT, UNKEYED


@dataclasses.dataclass(frozen=True)
class Changes:
    """Changes of a model's own signatures. Other options name inputs and outputs as they are called afterwards.

    Attributes:
        base: signature that the added ones extend; None: `serving_default`, or the only one.
        rename: inputs and outputs, of all signatures: old name -> new name.
        drop: signatures to leave out.
        labels: one for each class; adds an output with the label of the highest score, or of an id. Empty: none.
        labels_of: the output with scores or ids; None: the only one that fits.
        prune: leave out variables that no signature reads, and everything that only Python reads.

    Example:
        >>> Changes(rename={"output_0": "scores"}, drop=["serve"]).rename
        {'output_0': 'scores'}
    """

    base: str | None = None
    rename: Mapping[str, str] = dataclasses.field(default_factory=dict)
    drop: Sequence[str] = ()
    labels: Sequence[str] = ()
    labels_of: str | None = None
    prune: bool = False


@dataclasses.dataclass(frozen=True)
class SignaturePlan:
    """The signatures to build.

    tests/components/exporter/saved_model/test_add_signatures.py shows it.

    Attributes:
        sources: served name -> signature of the source that it calls.
        added: served name -> inputs that it returns next to the answer: name -> tensor.
        contract: of the result.
        renamed: old -> new name of inputs and outputs.
        labels: one for each class.
        labelled: signature of the source -> its output with scores or ids, and the output with labels (new names).
        prune: whether to leave out what no signature reads.
    """

    sources: Mapping[str, str]
    added: Mapping[str, Mapping[str, TensorContract]]
    contract: Contract
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    labels: Sequence[str] = ()
    labelled: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    prune: bool = False

    @property
    def moved_default(self) -> str:
        """New name of the source's default; `serving_default` if it stayed, "" if it is gone."""
        return self.moved(SERVING_DEFAULT)

    def moved(self, source: str) -> str:
        """Returns the name of the signature that takes the same requests as one of the source; "" if it is gone."""
        same = [name for name, each in self.sources.items() if each == source and not self.added.get(name)]
        return source if source in same else next(iter(same), "")


def plan_signatures(contract: Contract, signatures: Signatures, changes: Changes | None = None) -> SignaturePlan:
    """Plans the signatures of a copy.

    Args:
        contract: of the source.
        signatures: to add; `default` may also name a signature of the source. The default `keyed` of a model without
            one adds it, with the key `key`.
        changes: of the signatures of the source; None: no changes.

    Raises:
        ExportError: a name is unknown or taken, or there is nothing to do.
    """
    changes = changes or Changes()
    if signatures.default == KEYED and signatures.key is None and KEYED not in contract.signatures:
        signatures = dataclasses.replace(signatures, key="key")
    if signatures.default == FEATURE_FORWARD and not (signatures.forward or FEATURE_FORWARD in contract.signatures):
        raise ExportError("feature_forward: forwards nothing. Name the features (--forward NAME,..., or forward=).")
    base = _base(contract, signatures, changes.base)
    _require_droppable(contract, changes, signatures)
    renamed = _renamed(contract.signatures, changes.rename)
    own, labelled = _labelled(renamed, changes, base)
    added = _added_inputs(own[base], signatures) if base else {}
    sources: dict[str, str] = {name: name for name in contract.signatures if name not in changes.drop}
    for name in added:
        if name in sources:
            fix = f"Remove it from the request, or drop the old one (--drop {name}, or drop=)."
            raise ExportError(f"signature {name}: the model has it already. {fix}")
        sources[name] = base
    default = signatures.default or SERVING_DEFAULT
    if default != SERVING_DEFAULT:
        _replace_default(default, signatures.keep_default_as or UNKEYED, sources)
        added[SERVING_DEFAULT] = added.get(default, {})
    elif signatures.keep_default_as:
        _keep_default(signatures.keep_default_as, sources)
    if {*sources} == {*contract.signatures} and not (changes.rename or changes.labels or changes.prune or changes.drop):
        raise ExportError("signatures: nothing to do. Name a key, features to forward, another default, or a change.")
    promised = {name: _extended(own[source], added.get(name, {})) for name, source in sorted(sources.items())}
    return SignaturePlan(
        sources=sources,
        added=added,
        contract=dataclasses.replace(contract, signatures=promised),
        renamed={old: new for old, new in changes.rename.items() if old != new},
        labels=tuple(changes.labels),
        labelled=labelled,
        prune=changes.prune,
    )


def _base(contract: Contract, signatures: Signatures, base: str | None) -> str:
    """Returns the signature that added ones extend; "" if none is needed and none is clear."""
    names = sorted(contract.signatures)
    if base is None:
        base = names[0] if len(names) == 1 else SERVING_DEFAULT
        if base not in names and signatures.key is None and not signatures.forward:
            return ""
    if not names:
        raise ExportError(
            "the model has no signatures, so only Python can call it. Save it with one, in Python: "
            "tf.saved_model.save(model, DIR, signatures=model.FUNCTION)."
        )
    if base not in names:
        raise ExportError(f"base {base}: the model has no signature {base}, but {names}. Choose one of them (--base).")
    return base


def _require_droppable(contract: Contract, changes: Changes, signatures: Signatures) -> None:
    if unknown := sorted({*changes.drop} - {*contract.signatures}):
        raise ExportError(
            f"drop: no signature {', '.join(unknown)} to drop; the model has {', '.join(sorted(contract.signatures))}. "
            "Choose one of them."
        )
    if SERVING_DEFAULT in changes.drop:
        if signatures.default in (None, SERVING_DEFAULT):
            raise ExportError(
                "drop: serving_default cannot be dropped without another default, because servers ask it if a request "
                "names no signature. Name one that takes its place (--default SIGNATURE)."
            )
        if signatures.keep_default_as:
            raise ExportError("drop: serving_default cannot be dropped and kept under another name. Choose one.")


def _renamed(own: Mapping[str, SignatureContract], rename: Mapping[str, str]) -> dict[str, SignatureContract]:
    known = {name for each in own.values() for name in (*each.inputs, *each.outputs)}
    if unknown := sorted({*rename} - known):
        raise ExportError(
            f"rename: no input or output {', '.join(unknown)} to rename; the model has {', '.join(sorted(known))}. "
            "Choose one of them."
        )
    if "" in rename.values():
        raise ExportError("rename: a new name is empty. Write OLD=NEW.")
    result = {}
    for signature, each in own.items():
        _require_distinct(signature, "inputs", [rename.get(name, name) for name in each.inputs])
        _require_distinct(signature, "outputs", [rename.get(name, name) for name in each.outputs])
        before = {*each.inputs} & {*each.outputs}
        both = {rename.get(n, n) for n in each.inputs} & {rename.get(n, n) for n in each.outputs}
        if twice := sorted(both - {rename.get(name, name) for name in before}):
            raise ExportError(
                f"signature {signature}: {', '.join(twice)} would be the name of an input and of an output, as if the "
                "input came back unchanged. Choose another name."
            )
        result[signature] = SignatureContract(
            {rename.get(name, name): tensor for name, tensor in each.inputs.items()},
            {rename.get(name, name): _forwarding(tensor, rename) for name, tensor in each.outputs.items()},
            each.meaning,
        )
    return result


def _forwarding(tensor: TensorContract, rename: Mapping[str, str]) -> TensorContract:
    name, colon, feature = tensor.forwards.partition(":")
    return dataclasses.replace(tensor, forwards=f"{rename.get(name, name)}{colon}{feature}")


def _require_distinct(signature: str, side: str, names: Iterable[str]) -> None:
    if double := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ExportError(
            f"signature {signature}: two {side} would be called {', '.join(double)}. Choose another name."
        )


def _labelled(
    own: dict[str, SignatureContract], changes: Changes, base: str
) -> tuple[dict[str, SignatureContract], dict[str, tuple[str, str]]]:
    """Returns the signatures with an output of labels, and where it comes from."""
    if not changes.labels:
        return own, {}
    first = base if base in own else sorted(own)[0]
    output = _output_with_classes(first, own[first].outputs, changes)
    tensor = own[first].outputs[output]
    label = "tags" if tensor.shape and len(tensor.shape) == (3 if _is_score(tensor) else 2) else "label"
    result, labelled = dict(own), {}
    for signature, each in own.items():
        if output not in each.outputs:
            continue
        if label in each.outputs or label in each.inputs:
            raise ExportError(f"signature {signature}: has a tensor {label} already. Rename it (--rename {label}=NEW).")
        tensor = each.outputs[output]
        shape = tensor.shape[:-1] if _is_score(tensor) and tensor.shape else tensor.shape
        made = TensorContract("string", shape, f"Label of `{output}`.")
        result[signature] = SignatureContract(each.inputs, {**each.outputs, label: made}, each.meaning)
        labelled[signature] = (output, label)
    return result, labelled


def _output_with_classes(signature: str, outputs: Mapping[str, TensorContract], changes: Changes) -> str:
    count = len(changes.labels)
    if (name := changes.labels_of) is not None:
        if name not in outputs:
            raise ExportError(
                f"labels: signature {signature} has no output {name}; it has {', '.join(outputs)}. Choose one of them."
            )
        candidates = [name]
    else:
        scores = [
            name for name, tensor in outputs.items() if _is_score(tensor) and (tensor.shape is None or tensor.shape)
        ]
        fitting = [name for name in scores if (outputs[name].shape or (None,))[-1] in (None, count)]
        candidates = fitting or scores or [name for name, tensor in outputs.items() if _is_id(tensor)]
    if len(candidates) != 1:
        which = f"{', '.join(candidates)} may all be" if candidates else "none has"
        raise ExportError(
            f"labels: of the outputs {', '.join(outputs)} of signature {signature}, {which} scores or ids of classes. "
            "Name the output (--labels OUTPUT=FILE, or labels_of=)."
        )
    tensor = outputs[candidates[0]]
    if not _is_score(tensor) and not _is_id(tensor):
        raise ExportError(
            f"labels: output {candidates[0]} is {tensor.dtype}, neither scores nor ids. Choose another one."
        )
    if _is_score(tensor) and tensor.shape is not None and (not tensor.shape or tensor.shape[-1] not in (None, count)):
        raise ExportError(
            f"labels: {count} labels do not fit output {candidates[0]} of shape {list(tensor.shape)}, whose last "
            "dimension is the number of classes. Give one label for each class, in the order of the training ids."
        )
    return candidates[0]


def _is_score(tensor: TensorContract) -> bool:
    return tensor.dtype in ("float16", "bfloat16", "float32", "float64")


def _is_id(tensor: TensorContract) -> bool:
    return tensor.dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def _added_inputs(base: SignatureContract, signatures: Signatures) -> dict[str, dict[str, TensorContract]]:
    """Returns added signature -> the inputs that it returns."""
    new = {} if signatures.key is None else {signatures.keyed_as: {signatures.key: signatures.key_dtype}}
    if signatures.forward:
        new[FEATURE_FORWARD] = dict(signatures.forward)
    return {
        name: {each: _returned(base, each, dtype) for each, dtype in inputs.items()} for name, inputs in new.items()
    }


def _returned(base: SignatureContract, name: str, dtype: str) -> TensorContract:
    """Returns the contract of an input that is returned: the model's own of that name, or one value per row."""
    if name in base.outputs:
        raise ExportError(f"{name}: cannot be returned, the model has an output of that name. Choose another name.")
    meaning = f"`{name}` as sent."
    if name in base.inputs:
        return dataclasses.replace(base.inputs[name], meaning=meaning, forwards=name)
    rows = {(None,) if tensor.shape is None else tuple(tensor.shape[:1]) for tensor in base.inputs.values()}
    return TensorContract(dtype, rows.pop() if len(rows) == 1 else (None,), meaning, role="key", forwards=name)


def _replace_default(default: str, keep_as: str, sources: dict[str, str]) -> None:
    if default not in sources:
        raise ExportError(
            f"default {default}: a signature that does not exist cannot become the default. Choose one of "
            f"{', '.join(sorted(sources))}."
        )
    if SERVING_DEFAULT in sources:  # it may have been dropped
        _keep_default(keep_as, sources)
    sources[SERVING_DEFAULT] = sources[default]


def _keep_default(name: str, sources: dict[str, str]) -> None:
    if name in sources:
        raise ExportError(f"keep_default_as {name}: that name is taken. Choose another one.")
    if SERVING_DEFAULT not in sources:
        raise ExportError(f"keep_default_as {name}: the model has no {SERVING_DEFAULT} to keep. Leave it out.")
    sources[name] = SERVING_DEFAULT


def _extended(signature: SignatureContract, added: Mapping[str, TensorContract]) -> SignatureContract:
    inputs = {name: dataclasses.replace(tensor, forwards="") for name, tensor in added.items()}
    outputs = {name: dataclasses.replace(tensor, role="") for name, tensor in added.items()}
    return SignatureContract({**inputs, **signature.inputs}, {**signature.outputs, **outputs}, signature.meaning)
