"""What one signature takes and gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.exporter.contract.tensors import TensorContract


@dataclasses.dataclass(frozen=True)
class SignatureContract:
    """The inputs and outputs of a signature by name.

    Attributes:
        inputs: all must be given in a request.
        outputs: all are in the answer.
        meaning: for people.
    """

    inputs: Mapping[str, TensorContract]
    outputs: Mapping[str, TensorContract]
    meaning: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SignatureContract:
        """Takes what `to_dict` gave."""
        inputs = {name: TensorContract.from_dict(tensor) for name, tensor in values["inputs"].items()}
        outputs = {name: TensorContract.from_dict(tensor) for name, tensor in values["outputs"].items()}
        return cls(inputs, outputs, values.get("meaning", ""))

    def to_dict(self) -> dict[str, Any]:
        """Returns what can be written as JSON."""
        return {
            "meaning": self.meaning,
            "inputs": {name: tensor.to_dict() for name, tensor in self.inputs.items()},
            "outputs": {name: tensor.to_dict() for name, tensor in self.outputs.items()},
        }
