"""Which signatures a re-signed model will have. Knows names and contracts only, no TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import AddSignaturesError

DEFAULT = "serving_default"
KEYED = "keyed"
FEATURE_FORWARD = "feature_forward"


@dataclasses.dataclass(frozen=True)
class AddSignaturesPlan:
    """What to make.

    Attributes:
        base: signature of the source that gives the answers of new signatures.
        sources: served name -> signature of the source that it calls.
        added: served name -> what is handed through beside the answer: name -> tensor.
        contract: of the result.
    """

    base: str
    sources: Mapping[str, str]
    added: Mapping[str, Mapping[str, TensorContract]]
    contract: Contract

    @property
    def moved_default(self) -> str:
        """Under which name the source's default is served now; the default itself if it stayed."""
        same = [name for name, source in self.sources.items() if source == DEFAULT and not self.added.get(name)]
        return DEFAULT if DEFAULT in same else next(iter(same), "")


def plan_added_signatures(
    contract: Contract,
    *,
    add: Sequence[str] = (),
    default: str | None = None,
    forward: Mapping[str, str] | None = None,
    keep_original_as: str | None = None,
    base: str = DEFAULT,
    key: str = "key",
) -> AddSignaturesPlan:
    """Says what the wishes come to.

    Args:
        contract: of the source.
        add: `keyed` and/or `feature_forward`; the latter is also added by `forward`.
        default: the signature, new or old, that becomes `serving_default`; by default nothing changes.
        forward: features that `feature_forward` hands through -> dtype (that of an input of the model is known).
        keep_original_as: further name for the source's `serving_default`; by default `unkeyed_signature` where it is
            replaced.
        base: signature that new ones extend.
        key: name of the key.

    Raises:
        AddSignaturesError: a name is unknown or taken, or there is nothing to do.
    """
    forward = dict(forward or {})
    if base not in contract.signatures:
        raise AddSignaturesError(
            f"the model has no signature {base}; it has {sorted(contract.signatures)}. Choose one as base."
        )
    new = _new_signatures(contract.signatures[base], add, forward, key)
    sources: dict[str, str] = {name: name for name in contract.signatures}
    for name in new:
        if name in sources:
            raise AddSignaturesError(f"the model has a signature {name} already; adding another one would replace it.")
        sources[name] = base
    added: dict[str, dict[str, TensorContract]] = dict(new)
    if default not in (None, DEFAULT):
        _change_default(str(default), keep_original_as or "unkeyed_signature", sources, added)
    elif keep_original_as:
        _keep(keep_original_as, sources)
    if set(sources) == set(contract.signatures):
        raise AddSignaturesError("nothing to do: name signatures to add, features to forward, or another default.")
    signatures = {
        name: _extended(contract.signatures[source], added.get(name, {})) for name, source in sorted(sources.items())
    }
    return AddSignaturesPlan(base, sources, added, dataclasses.replace(contract, signatures=signatures))


def _new_signatures(
    base: SignatureContract, add: Sequence[str], forward: Mapping[str, str], key: str
) -> dict[str, dict[str, TensorContract]]:
    """Names of added signatures and what they hand through."""
    if unknown := sorted({*add} - {KEYED, FEATURE_FORWARD}):
        raise AddSignaturesError(f"cannot add {unknown}; what can be added is {KEYED} and {FEATURE_FORWARD}.")
    if FEATURE_FORWARD in add and not forward:
        raise AddSignaturesError(f"{FEATURE_FORWARD} needs features; name them with --forward.")
    new = {KEYED: {key: "string"}} if KEYED in add else {}
    if forward:
        new[FEATURE_FORWARD] = dict(forward)
    return {name: {each: _passed(base, each, dtype) for each, dtype in names.items()} for name, names in new.items()}


def _passed(base: SignatureContract, name: str, dtype: str) -> TensorContract:
    """What a name that is handed through looks like: as the input that the model has, or one value a row."""
    if name in base.outputs:
        raise AddSignaturesError(
            f"{name} cannot be handed through: the model has an output of that name. Choose another name."
        )
    meaning = f"`{name}` as it was sent."
    if name in base.inputs:
        return dataclasses.replace(base.inputs[name], meaning=meaning, forwards=name)
    scalar = bool(base.inputs) and all(tensor.shape == () for tensor in base.inputs.values())
    return TensorContract(dtype, () if scalar else (None,), meaning, "key", name)


def _change_default(
    default: str, keep_as: str, sources: dict[str, str], added: dict[str, dict[str, TensorContract]]
) -> None:
    if default not in sources:
        raise AddSignaturesError(f"{default} cannot become the default; there will be {sorted(sources)}.")
    if DEFAULT in sources:
        _keep(keep_as, sources)
    sources[DEFAULT] = sources[default]
    added[DEFAULT] = added.get(default, {})


def _keep(name: str, sources: dict[str, str]) -> None:
    if name in sources:
        raise AddSignaturesError(
            f"the original default cannot be kept as {name}, that name is taken. Choose another one."
        )
    if DEFAULT not in sources:
        raise AddSignaturesError(f"the model has no {DEFAULT} to keep as {name}.")
    sources[name] = DEFAULT


def _extended(signature: SignatureContract, added: Mapping[str, TensorContract]) -> SignatureContract:
    inputs = {name: dataclasses.replace(tensor, forwards="") for name, tensor in added.items()}
    return SignatureContract(
        {**inputs, **signature.inputs},
        {**signature.outputs, **{name: dataclasses.replace(tensor, role="") for name, tensor in added.items()}},
        signature.meaning,
    )
