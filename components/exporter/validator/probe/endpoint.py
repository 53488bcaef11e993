"""One signature of a loaded model, and requests that fit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .c_api import TensorFlowError, numpy_dtype
from .check_failed_error import CheckFailedError
from .diagnosis import explain
from .json_values import from_json
from .odd_values import PLAIN_TEXTS
from .saved_graph import SavedGraph
from .served_model import ServedModel
from .tensorflow_wheel import protos

Arrays = dict[str, np.ndarray]
_OPEN = 4  # size of an open dimension that is not the batch
_SIDE = 32  # the same where there are several of them: images


class Endpoint:
    """Sends requests to a signature.

    Attributes:
        name: of the signature.
        contract: its part of the contract, as JSON.
    """

    def __init__(
        self, name: str, contract: Mapping[str, Any], graph: SavedGraph, model: ServedModel, golden: Sequence[Any]
    ) -> None:
        """Prepares requests.

        Args:
            name: of the signature.
            contract: `inputs` and `outputs`.
            graph: the file.
            model: the loaded model.
            golden: known answers; those of this signature also serve as values for requests.
        """
        self.name = name
        self.contract = contract
        self._model = model
        self._inputs = graph.inputs(name)
        self._outputs = graph.outputs(name)
        self.golden = [case for case in golden if case.get("signature") == name]
        texts = [case["sentence"] for case in golden if "sentence" in case][:32]
        self.plain_texts = [text.encode() for text in (*texts, *PLAIN_TEXTS)]

    def names(self, role: str, side: str = "outputs") -> list[str]:
        """Inputs or outputs that have a role."""
        return [name for name, tensor in self.contract[side].items() if tensor.get("role") == role]

    @property
    def takes_text(self) -> bool:
        """Whether sentences can be sent, as they are or in tf.Examples."""
        return bool(self.names("text", "inputs") or self._features("text"))

    @property
    def forwards(self) -> dict[str, str]:
        """Output -> the input (`input`, `input:feature`) that comes back in it."""
        outputs = self.contract["outputs"].items()
        return {name: tensor["forwards"] for name, tensor in outputs if tensor.get("forwards")}

    @property
    def batched(self) -> bool:
        """Whether the number of rows is open: every input has an open first dimension."""
        return all(info.shape is None or info.shape[:1] == (None,) for info in self._inputs.values())

    def dtype(self, name: str) -> np.dtype:
        """Numpy's dtype of an input or output."""
        return numpy_dtype((self._inputs.get(name) or self._outputs[name]).number)

    def given(self, name: str, value: Any) -> np.ndarray:
        """Reads an input from JSON; an empty list gets the shape that no rows of this input have."""
        array = from_json(value, self.dtype(name))
        return (
            array
            if array.size
            else array.reshape(self._made_up(name)[:0].shape if array.shape == (0,) else array.shape)
        )

    def call(self, inputs: Mapping[str, np.ndarray], doing: str, otherwise: str = "unknown_error") -> Arrays:
        """Runs the signature.

        Args:
            inputs: all of them by name.
            doing: what is tried, for messages.
            otherwise: the pitfall where TensorFlow's message does not tell.

        Raises:
            CheckFailedError: the run failed.
        """
        feeds = {self._inputs[name].tensor: value for name, value in inputs.items()}
        try:
            values = self._model.run(feeds, [info.tensor for info in self._outputs.values()])
        except TensorFlowError as error:
            raise explain(error, otherwise, doing) from error
        return dict(zip(self._outputs, values, strict=True))

    def request(self, size: int, given: Mapping[str, np.ndarray] | None = None) -> Arrays:
        """Builds a request.

        Args:
            size: number of rows.
            given: values that matter, [size, ...], by input name, or `text` for whatever holds the sentences, or
                `input:feature`; everything else is filled in.
        """
        given = dict(given or {})
        return {name: self._value(name, size, given) for name in self._inputs}

    def text_request(self, texts: Sequence[bytes], given: Mapping[str, np.ndarray] | None = None) -> Arrays:
        """Builds a request that holds these sentences."""
        return self.request(len(texts), {**(given or {}), "text": _strings(texts)})

    def _value(self, name: str, size: int, given: Mapping[str, np.ndarray]) -> np.ndarray:
        tensor = self.contract["inputs"][name]
        if tensor.get("serialized"):
            return _strings([self._example(name, row, given) for row in range(size)])
        if name in given:
            return given[name]
        if tensor.get("role") == "text" and "text" in given:
            return given["text"]
        rows = self._rows(name)
        if self._inputs[name].shape == ():
            return rows[:1].reshape(())
        return rows[np.arange(size) % len(rows)]

    def _rows(self, name: str) -> np.ndarray:
        """Values to choose from, [n, ...]: of known answers where there are some."""
        known = [self.given(name, case["inputs"][name]) for case in self.golden if name in case["inputs"]]
        known = [value if self._inputs[name].shape != () else value[None] for value in known]
        same = [value for value in known if value.shape[1:] == known[0].shape[1:]]
        return np.concatenate(same) if same and len(np.concatenate(same)) else self._made_up(name)

    def _made_up(self, name: str) -> np.ndarray:
        dtype = self.dtype(name)
        if dtype.kind == "O":
            plain = self.contract["inputs"][name].get("role") == "text"
            values = _strings(self.plain_texts if plain else [f"{name}-{row}".encode() for row in range(40)])
        else:
            values = np.zeros(40, dtype)
        inner = (self._inputs[name].shape or (None,))[1:]
        open_size = _SIDE if inner.count(None) > 1 else _OPEN
        shape = tuple(open_size if dim is None else dim for dim in inner)
        if dtype.kind == "O":
            return np.broadcast_to(values.reshape(-1, *[1] * len(shape)), (len(values), *shape)).copy()
        rng = np.random.default_rng(0)
        if np.issubdtype(dtype, np.floating):
            return rng.uniform(0, 1, (40, *shape)).astype(dtype)
        return rng.integers(0, 2, (40, *shape)).astype(dtype)  # 0 and 1 are ids in every vocabulary

    def _example(self, name: str, row: int, given: Mapping[str, np.ndarray]) -> bytes:
        example = protos("core.example.example_pb2").Example()
        for feature, spec in self.contract["inputs"][name]["serialized"].items():
            values = given.get(f"{name}:{feature}", given.get("text") if spec.get("role") == "text" else None)
            default = self.plain_texts[row % len(self.plain_texts)] if spec.get("role") == "text" else b"key-%d" % row
            value = default if values is None else values[row]
            target = example.features.feature[feature]
            if spec["dtype"] == "string":
                target.bytes_list.value.append(value)
            elif spec["dtype"] == "float32":
                target.float_list.value.append(0.0 if values is None else value)
            else:
                target.int64_list.value.append(0 if values is None else value)
        return bytes(example.SerializeToString())

    def _features(self, role: str) -> list[str]:
        """Features of tf.Examples that have a role, as `input:feature`."""
        return [
            f"{name}:{feature}"
            for name, tensor in self.contract["inputs"].items()
            for feature, spec in tensor.get("serialized", {}).items()
            if spec.get("role") == role
        ]


def require_outputs(endpoint: Endpoint, answer: Arrays, rows: int | None) -> None:
    """Checks dtypes, ranks and numbers of rows of an answer.

    Args:
        endpoint: what gave it.
        answer: outputs by name.
        rows: rows of the request; None where the signature has no rows.

    Raises:
        CheckFailedError: an output is not as the contract says.
    """
    for name, tensor in endpoint.contract["outputs"].items():
        value, shape = answer[name], tensor.get("shape")
        if shape is None:
            continue
        if value.ndim != len(shape):
            raise CheckFailedError("off_contract", f"output {name} has rank {value.ndim} instead of {len(shape)}")
        if rows is not None and shape and shape[0] is None and value.shape[0] != rows:
            raise CheckFailedError(
                "rank_as_batch", f"a batch of {rows} gives {value.shape[0]} rows of {name} (shape {list(value.shape)})"
            )
        if any(want is not None and want != have for want, have in zip(shape, value.shape, strict=True)):
            raise CheckFailedError("off_contract", f"output {name} has shape {list(value.shape)} instead of {shape}")


def _strings(values: Sequence[bytes]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array
