"""One validation (`Context`), one signature of a loaded model (`Endpoint`), and requests that fit it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .c_api import TensorFlowError, numpy_dtype, protos
from .pitfalls import CheckFailedError, diagnose
from .saved_graph import SavedGraph
from .served_model import ServedModel
from .values import PLAIN_TEXTS, from_json, strings

Arrays = dict[str, np.ndarray]
_OPEN = 4  # size of an open dimension other than the batch
_ROWS = 128  # more than the rows of any generated request
_SIDE = 32  # size of several open dimensions: images


class Endpoint:
    """Sends requests to a signature.

    Attributes:
        name: of the signature.
        contract: its part of the contract, as JSON.
        golden: known answers of the signature.
        plain_texts: sentences to send.
    """

    def __init__(
        self,
        name: str,
        contract: Mapping[str, Any],
        graph: SavedGraph,
        model: ServedModel,
        golden: Sequence[Any],
        limit: int = 0,
    ) -> None:
        """Prepares requests.

        Args:
            name: of the signature.
            contract: `inputs` and `outputs`.
            graph: the parsed file.
            model: the loaded model.
            golden: known answers; those of this signature also serve as values for requests.
            limit: most characters of a request; 0: any number.
        """
        self.name = name
        self.contract = contract
        self._model = model
        self._inputs = graph.inputs(name)
        self._outputs = graph.outputs(name)
        self.golden = [case for case in golden if case.get("signature") == name]
        longest = limit // _ROWS if limit else None
        texts = [text for text in (case.get("sentence") for case in golden) if text is not None]
        texts = [text for text in texts if longest is None or len(text) <= longest][:32]
        self.plain_texts = [text.encode() for text in (*texts, *PLAIN_TEXTS)]

    def names(self, role: str, side: str = "outputs") -> list[str]:
        """Returns the inputs or outputs with a role."""
        return [name for name, tensor in self.contract[side].items() if tensor.get("role") == role]

    @property
    def takes_text(self) -> bool:
        """True if sentences can be sent, directly or in tf.Examples."""
        return bool(self.names("text", "inputs")) or any(
            feature.get("role") == "text"
            for tensor in self.contract["inputs"].values()
            for feature in tensor.get("serialized", {}).values()
        )

    @property
    def forwards(self) -> dict[str, str]:
        """Output -> the input (`input`, `input:feature`) that it returns."""
        outputs = self.contract["outputs"].items()
        return {name: tensor["forwards"] for name, tensor in outputs if tensor.get("forwards")}

    @property
    def batched(self) -> bool:
        """True if every input has an open first dimension."""
        return all(info.shape is None or info.shape[:1] == (None,) for info in self._inputs.values())

    @property
    def fixed_size(self) -> int | None:
        """The fixed number of rows of a signature; None: it has no rows, or any number."""
        sizes = [info.shape[0] for info in self._inputs.values() if info.shape and info.shape[0] is not None]
        return sizes[0] if sizes else None

    def dtype(self, name: str) -> np.dtype:
        """Returns numpy's dtype of an input or output."""
        return numpy_dtype((self._inputs.get(name) or self._outputs[name]).number)

    def parse(self, name: str, value: Any) -> np.ndarray:
        """Reads an input from JSON; an empty list gets the shape of this input without rows."""
        array = from_json(value, self.dtype(name))
        return array.reshape(self._generated(name)[:0].shape) if array.shape == (0,) else array

    def call(self, inputs: Mapping[str, np.ndarray], action: str, otherwise: str = "unknown_error") -> Arrays:
        """Runs the signature.

        Args:
            inputs: all inputs by name.
            action: the attempted action, for messages.
            otherwise: the pitfall if TensorFlow's message matches no known one.

        Raises:
            CheckFailedError: the run failed.
        """
        feeds = {self._inputs[name].tensor: value for name, value in inputs.items()}
        try:
            values = self._model.run(feeds, [info.tensor for info in self._outputs.values()])
        except TensorFlowError as error:
            raise diagnose(error, otherwise, action) from error
        return dict(zip(self._outputs, values, strict=True))

    def request(self, size: int, chosen: Mapping[str, np.ndarray] | None = None) -> Arrays:
        """Builds a request.

        Args:
            size: number of rows.
            chosen: values [size, ...] by input name, by `input:feature`, or by `text` for the input that holds the
                sentences; all others are generated.
        """
        return {name: self._value(name, size, chosen or {}) for name in self._inputs}

    def text_request(self, texts: Sequence[bytes]) -> Arrays:
        """Builds a request with these sentences."""
        return self.request(len(texts), {"text": strings(texts)})

    def _value(self, name: str, size: int, chosen: Mapping[str, np.ndarray]) -> np.ndarray:
        tensor = self.contract["inputs"][name]
        if tensor.get("serialized"):
            return strings([self._example(name, row, chosen) for row in range(size)])
        if name in chosen:
            return chosen[name]
        if tensor.get("role") == "text" and "text" in chosen:
            return chosen["text"]
        rows = self._rows(name)
        if self._inputs[name].shape == ():
            return rows[:1].reshape(())
        return rows[np.arange(size) % len(rows)]

    def _rows(self, name: str) -> np.ndarray:
        """Returns values [n, ...] to choose from: those of known answers if there are any."""
        known = [self.parse(name, case["inputs"][name]) for case in self.golden if name in case["inputs"]]
        known = [value if self._inputs[name].shape != () else value[None] for value in known]
        same = [value for value in known if value.shape[1:] == known[0].shape[1:]]
        return np.concatenate(same) if same and len(np.concatenate(same)) else self._generated(name)

    def _generated(self, name: str) -> np.ndarray:
        dtype = self.dtype(name)
        inner = (self._inputs[name].shape or (None,))[1:]
        open_size = _SIDE if inner.count(None) > 1 else _OPEN
        shape = tuple(open_size if dim is None else dim for dim in inner)
        if dtype.kind == "O":
            plain = self.contract["inputs"][name].get("role") == "text"
            values = strings(self.plain_texts if plain else [f"{name}-{row}".encode() for row in range(40)])
            return np.broadcast_to(values.reshape(-1, *[1] * len(shape)), (len(values), *shape)).copy()
        rng = np.random.default_rng(0)
        if np.issubdtype(dtype, np.floating):
            return rng.uniform(0, 1, (40, *shape)).astype(dtype)
        return rng.integers(0, 2, (40, *shape)).astype(dtype)  # 0 and 1 are ids in every vocabulary

    def _example(self, name: str, row: int, chosen: Mapping[str, np.ndarray]) -> bytes:
        example = protos("core.example.example_pb2").Example()
        for feature, spec in self.contract["inputs"][name]["serialized"].items():
            text = spec.get("role") == "text"
            values = chosen.get(f"{name}:{feature}", chosen.get("text") if text else None)
            target = example.features.feature[feature]
            if spec["dtype"] == "string":
                default = self.plain_texts[row % len(self.plain_texts)] if text else b"key-%d" % row
                target.bytes_list.value.append(default if values is None else values[row])
            elif spec["dtype"] == "float32":
                target.float_list.value.append(0.0 if values is None else values[row])
            else:
                target.int64_list.value.append(0 if values is None else values[row])
        return bytes(example.SerializeToString())


@dataclasses.dataclass
class Context:
    """One validation.

    Attributes:
        folder: the SavedModel.
        contract: as JSON.
        golden: known answers.
        options: batches, build paths, file hashes.
        graph: the parsed file, after the check `saved_model`.
        endpoints: signatures by name, after the check `load`.
        ruled_out: signatures that failed a check on which later checks depend.
    """

    folder: Path
    contract: Mapping[str, Any]
    golden: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any]
    graph: SavedGraph | None = None
    endpoints: dict[str, Endpoint] = dataclasses.field(default_factory=dict)
    ruled_out: set[str] = dataclasses.field(default_factory=set)

    @property
    def parsed(self) -> SavedGraph:
        """The parsed file."""
        assert self.graph is not None, "saved_model.pb is parsed before any check asks for it"
        return self.graph

    @property
    def pad(self) -> str:
        """The text that fills rows of strings; empty: rows are not padded."""
        return str(self.contract.get("pad", ""))

    @property
    def limit(self) -> int:
        """The most characters of a request; 0: any number."""
        return int(self.contract.get("max_characters", 0))


def require_outputs(endpoint: Endpoint, answer: Arrays, rows: int | None) -> None:
    """Checks dtypes, ranks and numbers of rows of an answer.

    Args:
        endpoint: the signature.
        answer: outputs by name.
        rows: rows of the request; None if the signature has no rows.

    Raises:
        CheckFailedError: an output differs from the contract.
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
        if any(size is not None and size != actual for size, actual in zip(shape, value.shape, strict=True)):
            raise CheckFailedError("off_contract", f"output {name} has shape {list(value.shape)} instead of {shape}")
