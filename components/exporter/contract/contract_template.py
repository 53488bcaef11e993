"""The contract of our taggers before configuration: schemas/serving_contract.yaml."""

from __future__ import annotations

import dataclasses
import importlib.resources
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from components.exporter.contract.tensors import SignatureContract, TensorContract

if TYPE_CHECKING:
    from components.exporter.settings import ExporterSettings

FEATURES = "{features}"
FILE = "serving_contract.yaml"
COMPLETE = ("tokens", "scores", "offsets")


@dataclasses.dataclass(frozen=True)
class ContractTemplate:
    """The parsed file.

    tests/components/exporter/contract/test_contract.py shows what settings make of it.

    Attributes:
        version: see `Contract`.
        document: the whole file.
    """

    version: int
    document: Mapping[str, Any]

    @classmethod
    def load(cls) -> ContractTemplate:
        """Reads the file from the installed package."""
        import schemas as package

        document = yaml.safe_load((importlib.resources.files(package) / FILE).read_text(encoding="utf-8"))
        return cls(document["version"], document)

    @property
    def inputs(self) -> dict[str, TensorContract]:
        """Inputs that signatures share, by name."""
        return {name: _tensor(values) for name, values in self.document["inputs"].items()}

    def signatures(self, settings: ExporterSettings) -> dict[str, SignatureContract]:
        """Returns the signatures by served name."""
        names = self.document["defaults"][settings.default]
        configured = {
            name: signature
            for name, signature in self.document["signatures"].items()
            if settings.forward or FEATURES not in signature["inputs"]
        }
        return {
            served: self._signature(value, settings)
            for name, value in configured.items()
            for served in names.get(name, [name])
        }

    def _signature(self, signature: Mapping[str, Any], settings: ExporterSettings) -> SignatureContract:
        forward = settings.forward
        inputs = {name: self._input(name, forward) for name in _filled(signature["inputs"], forward)}
        complete = signature.get("complete", False)
        outputs = self._answer({*settings.outputs, *COMPLETE} if complete else {*settings.outputs})
        if settings.token_length is not None and not complete:
            outputs = {name: _cut_at(settings.token_length, tensor) for name, tensor in outputs.items()}
            outputs["truncated"] = _tensor(self.document["outputs"]["truncated"])
        for source, dims in signature.get("forwarded", {}).items():
            for path in _filled([source], forward):
                outputs[path.rpartition(":")[2]] = self._forwarded(path, dims, inputs)
        return SignatureContract(inputs, outputs, signature["meaning"])

    def _answer(self, groups: set[str]) -> dict[str, TensorContract]:
        names = [
            "tags",
            *(name for group, names in self.document["groups"].items() if group in groups for name in names),
        ]
        return {name: _tensor(self.document["outputs"][name]) for name in names}

    def _input(self, name: str, forward: Mapping[str, str]) -> TensorContract:
        if name in self.inputs:
            return self.inputs[name]
        return TensorContract(forward[name], (None,), f"The feature `{name}` of the row.", "feature")

    def _forwarded(self, path: str, dims: list[Any], inputs: Mapping[str, TensorContract]) -> TensorContract:
        """Returns an output that forwards `input`, or `input:feature` of an input of tf.Examples."""
        name, _, feature = path.partition(":")
        dtype = inputs[name].serialized[feature]["dtype"] if feature else inputs[name].dtype
        meaning = f"`{feature or name}` as sent."
        return TensorContract(dtype, _shape(dims), meaning, forwards=path)


def _filled(names: Iterable[str], forward: Mapping[str, str]) -> list[str]:
    """Replaces `{features}` by the configured features; duplicates are dropped."""
    return list(dict.fromkeys(name for entry in names for name in (forward if entry == FEATURES else [entry])))


def _cut_at(length: int, tensor: TensorContract) -> TensorContract:
    """Fixes the number of tokens; the number of entities stays open."""
    by_token = not tensor.role.startswith("entity_")
    return dataclasses.replace(tensor, shape=(None, length)) if by_token else tensor


def _tensor(values: Mapping[str, Any]) -> TensorContract:
    return TensorContract.from_dict({**values, "shape": _shape(values["shape"])})


def _shape(dims: Iterable[int | str]) -> tuple[int | None, ...]:
    """Converts dimensions; a named one may have any size."""
    return tuple(dim if isinstance(dim, int) else None for dim in dims)
