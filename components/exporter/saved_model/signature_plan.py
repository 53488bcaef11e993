"""The plan of a model with added signatures. Knows names and contracts only, no TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import ExportError
from components.exporter.signatures import Signatures
from components.keys import FEATURE_FORWARD, SERVING_DEFAULT, UNKEYED


@dataclasses.dataclass(frozen=True)
class SignaturePlan:
    """The signatures to build.

    tests/components/exporter/saved_model/test_add_signatures.py shows it.

    Attributes:
        sources: served name -> signature of the source that it calls.
        added: served name -> inputs that it returns next to the answer: name -> tensor.
        contract: of the result.
    """

    sources: Mapping[str, str]
    added: Mapping[str, Mapping[str, TensorContract]]
    contract: Contract

    @property
    def moved_default(self) -> str:
        """New name of the source's default; `serving_default` if it stayed, "" if it is gone."""
        same = [name for name, source in self.sources.items() if source == SERVING_DEFAULT and not self.added.get(name)]
        return SERVING_DEFAULT if SERVING_DEFAULT in same else next(iter(same), "")


def plan_signatures(contract: Contract, signatures: Signatures, base: str = SERVING_DEFAULT) -> SignaturePlan:
    """Plans the signatures of a copy.

    Args:
        contract: of the source.
        signatures: to add; `default` may also name a signature of the source.
        base: signature of the source that the added ones extend.

    Raises:
        ExportError: a name is unknown or taken, or there is nothing to do.
    """
    if base not in contract.signatures:
        raise ExportError(
            f"the model has no signature {base}; it has {sorted(contract.signatures)}. Choose one of them as base."
        )
    added = _added_inputs(contract.signatures[base], signatures)
    sources: dict[str, str] = {name: name for name in contract.signatures}
    for name in added:
        if name in sources:
            raise ExportError(f"the model already has a signature {name}. Remove it from the request.")
        sources[name] = base
    default = signatures.default or SERVING_DEFAULT
    if default != SERVING_DEFAULT:
        _replace_default(default, signatures.keep_default_as or UNKEYED, sources)
        added[SERVING_DEFAULT] = added.get(default, {})
    elif signatures.keep_default_as:
        _keep_default(signatures.keep_default_as, sources)
    if set(sources) == set(contract.signatures):
        raise ExportError("nothing to do: name a key, features to forward, or another default.")
    promised = {
        name: _extended(contract.signatures[source], added.get(name, {})) for name, source in sorted(sources.items())
    }
    return SignaturePlan(sources=sources, added=added, contract=dataclasses.replace(contract, signatures=promised))


def _added_inputs(base: SignatureContract, signatures: Signatures) -> dict[str, dict[str, TensorContract]]:
    """Added signature -> the inputs that it returns."""
    new = {} if signatures.key is None else {signatures.keyed_as: {signatures.key: signatures.key_dtype}}
    if signatures.forward:
        new[FEATURE_FORWARD] = dict(signatures.forward)
    return {
        name: {each: _returned(base, each, dtype) for each, dtype in inputs.items()} for name, inputs in new.items()
    }


def _returned(base: SignatureContract, name: str, dtype: str) -> TensorContract:
    """An input that is returned: the model's own input of that name, or one value per row."""
    if name in base.outputs:
        raise ExportError(f"{name} cannot be returned: the model has an output of that name. Choose another name.")
    meaning = f"`{name}` as sent."
    if name in base.inputs:
        return dataclasses.replace(base.inputs[name], meaning=meaning, forwards=name)
    scalar = bool(base.inputs) and all(tensor.shape == () for tensor in base.inputs.values())
    return TensorContract(dtype, () if scalar else (None,), meaning, role="key", forwards=name)


def _replace_default(default: str, keep_as: str, sources: dict[str, str]) -> None:
    if default not in sources:
        raise ExportError(f"signature {default} cannot become the default. Choose one of {', '.join(sorted(sources))}.")
    if SERVING_DEFAULT in sources:
        _keep_default(keep_as, sources)
    sources[SERVING_DEFAULT] = sources[default]


def _keep_default(name: str, sources: dict[str, str]) -> None:
    if name in sources:
        raise ExportError(f"the original default cannot stay as {name}: that name is taken. Choose another one.")
    if SERVING_DEFAULT not in sources:
        raise ExportError(f"the model has no {SERVING_DEFAULT} to keep as {name}. Leave keep_default_as out.")
    sources[name] = SERVING_DEFAULT


def _extended(signature: SignatureContract, added: Mapping[str, TensorContract]) -> SignatureContract:
    inputs = {name: dataclasses.replace(tensor, forwards="") for name, tensor in added.items()}
    outputs = {name: dataclasses.replace(tensor, role="") for name, tensor in added.items()}
    return SignatureContract({**inputs, **signature.inputs}, {**signature.outputs, **outputs}, signature.meaning)
