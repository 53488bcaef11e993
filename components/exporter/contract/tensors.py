"""Inputs and outputs of signatures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

_ANSWERS = ("tokens", "tags", "scores", "starts", "ends")
_ENTITIES = ("entity_texts", "entity_types", "entity_starts", "entity_ends", "entity_scores")
ROLES = ("", "text", "key", "feature", "examples", *_ANSWERS, *_ENTITIES)


@dataclasses.dataclass(frozen=True)
class TensorContract:
    """One named tensor.

    Attributes:
        dtype: TensorFlow's name for it: `string`, `float32`, `int64`, ...
        shape: one number per dimension, None for any size; None instead of a tuple: any rank.
        meaning: for people.
        role: decides which checks of the validator apply (`ROLES`); empty: only those of dtype and shape.
        forwards: of an output: the input that it returns unchanged; `input:feature` for a feature of serialized
            tf.Examples; empty: computed.
        serialized: of an input of serialized tf.Examples: feature -> `{"dtype": ..., "role": ...}`, one value each.
        example: a value, as JSON.

    Example:
        >>> TensorContract("string", (None,), role="text").to_dict()
        {'dtype': 'string', 'shape': [None], 'role': 'text'}
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    meaning: str = ""
    role: str = ""
    forwards: str = ""
    serialized: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    example: Any = None

    @classmethod
    def of_spec(cls, spec: Any, meaning: str = "") -> TensorContract:
        """Describes the tensors of a `tf.TensorSpec`."""
        return cls(spec.dtype.name, None if spec.shape.rank is None else tuple(spec.shape), meaning)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TensorContract:
        """Reads the output of `to_dict` (shapes may be lists)."""
        shape = values.get("shape")
        return cls(**{**values, "shape": None if shape is None else tuple(shape)})

    def to_dict(self) -> dict[str, Any]:
        """Returns values for JSON, without empty fields."""
        values: dict[str, Any] = {"dtype": self.dtype, "shape": None if self.shape is None else list(self.shape)}
        for name in ("meaning", "role", "forwards", "serialized", "example"):
            if value := getattr(self, name):
                values[name] = value
        return values


@dataclasses.dataclass(frozen=True)
class SignatureContract:
    """The inputs and outputs of a signature by name.

    Attributes:
        inputs: a request holds all of them.
        outputs: the answer holds all of them.
        meaning: for people.
    """

    inputs: Mapping[str, TensorContract]
    outputs: Mapping[str, TensorContract]
    meaning: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SignatureContract:
        """Reads the output of `to_dict`."""
        inputs = {name: TensorContract.from_dict(tensor) for name, tensor in values["inputs"].items()}
        outputs = {name: TensorContract.from_dict(tensor) for name, tensor in values["outputs"].items()}
        return cls(inputs, outputs, values.get("meaning", ""))

    def to_dict(self) -> dict[str, Any]:
        """Returns values for JSON."""
        return {
            "meaning": self.meaning,
            "inputs": {name: tensor.to_dict() for name, tensor in self.inputs.items()},
            "outputs": {name: tensor.to_dict() for name, tensor in self.outputs.items()},
        }
