"""What a SavedModel's file says, before anything is loaded: signatures, ops, assets, variables, texts."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .c_api import dtype_name
from .tensorflow_wheel import protos

INIT_OP = "__saved_model_init_op"


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """One input or output of a signature.

    Attributes:
        tensor: its name in the graph.
        number: TensorFlow's number of the dtype.
        shape: None for an unknown rank; a dimension of any size is None.
    """

    tensor: str
    number: int
    shape: tuple[int | None, ...] | None

    @property
    def dtype(self) -> str:
        """The dtype's usual name."""
        return dtype_name(self.number)


class SavedGraph:
    """The meta graph that is tagged `serve`."""

    def __init__(self, folder: Path) -> None:
        """Parses saved_model.pb.

        Raises:
            ValueError: the file is damaged, or no meta graph has the tag `serve` alone.
        """
        saved = protos("core.protobuf.saved_model_pb2").SavedModel()
        try:
            saved.ParseFromString((folder / "saved_model.pb").read_bytes())
        except Exception as error:  # what a parser raises differs between the versions of protobuf
            raise ValueError(f"saved_model.pb cannot be read: {error}") from error
        found = [graph for graph in saved.meta_graphs if set(graph.meta_info_def.tags) == {"serve"}]
        if not found:
            tags = [list(graph.meta_info_def.tags) for graph in saved.meta_graphs]
            raise ValueError(f"no meta graph has the tag `serve`; there are {tags}")
        self.message = found[0]
        self.nodes = {node.name: node for node in self.message.graph_def.node}
        self.functions = {function.signature.name: function for function in self.message.graph_def.library.function}

    @property
    def assets(self) -> list[str]:
        """Names of files in assets/ that the graph reads."""
        return sorted({asset.filename for asset in self.message.asset_file_def})

    @functools.cached_property
    def methods(self) -> dict[str, str]:
        """Signature -> method name; `tensorflow/serving/predict` is what a server offers."""
        return {name: sig.method_name for name, sig in self.message.signature_def.items() if name != INIT_OP}

    def inputs(self, signature: str) -> dict[str, TensorInfo]:
        """The inputs of a signature by name."""
        return _infos(self.message.signature_def[signature].inputs)

    def outputs(self, signature: str) -> dict[str, TensorInfo]:
        """The outputs of a signature by name."""
        return _infos(self.message.signature_def[signature].outputs)

    def ops(self) -> dict[str, str]:
        """Every op that can run, and where it stands: functions that nothing calls do not count."""
        found: dict[str, str] = {}
        pending = [("the main graph", list(self.nodes.values()))]
        seen: set[str] = set()
        while pending:
            place, nodes = pending.pop()
            for node in nodes:
                if node.op not in self.functions:
                    found.setdefault(node.op, place)
                for name in _called(node) - seen:
                    if name in self.functions:
                        seen.add(name)
                        pending.append((f"function {name}", list(self.functions[name].node_def)))
        return found

    def stored_variables(self) -> dict[str, int]:
        """Resource variables that the checkpoint restores, and their bytes."""
        restore = self.message.saver_def.restore_op_name
        stored = [node for node in self._ancestors([restore]) if node.op == "VarHandleOp"]
        return {node.name: _variable_bytes(node) for node in stored}

    def read_variables(self) -> set[str]:
        """Resource variables that some signature reads."""
        outputs = [info.tensor for name in self.methods for info in self.outputs(name).values()]
        return {node.name for node in self._ancestors(outputs) if node.op == "VarHandleOp"}

    def variables(self) -> list[str]:
        """All resource variables, also under older op names."""
        return sorted(name for name, node in self.nodes.items() if node.op in ("VarHandleOp", "VariableV2"))

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text that an op carries (attributes, single string constants), and where it stands.

        Names of nodes are left out: they are scopes, which look like paths. Lists of strings are, too: they are data.
        """
        for node in self.nodes.values():
            yield from _node_texts(node, node.name)
        for name, function in self.functions.items():
            for node in function.node_def:
                yield from _node_texts(node, f"{node.name} in function {name}")

    def _ancestors(self, tensors: list[str]) -> list[Any]:
        pending, seen = list(tensors), set()
        while pending:
            name = pending.pop().lstrip("^").partition(":")[0]
            if name not in seen and name in self.nodes:
                seen.add(name)
                pending.extend(self.nodes[name].input)
        return [self.nodes[name] for name in seen]


def _infos(messages: Any) -> dict[str, TensorInfo]:
    return {
        name: TensorInfo(info.name, info.dtype, _shape(info.tensor_shape)) for name, info in sorted(messages.items())
    }


def _shape(message: Any) -> tuple[int | None, ...] | None:
    return None if message.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in message.dim)


def _called(node: Any) -> set[str]:
    """Functions that a node may call: by its op, or by an attribute."""
    names = {node.op}
    for value in node.attr.values():
        names.add(value.func.name)
        names.update(function.name for function in value.list.func)
    return names


def _node_texts(node: Any, place: str) -> Iterator[tuple[str, str]]:
    for name, value in node.attr.items():
        texts = [value.s] if value.s else list(value.list.s)
        if len(value.tensor.string_val) == 1:
            texts.append(value.tensor.string_val[0])
        yield from ((f"{name} of {place}", text.decode("utf-8", "replace")) for text in texts)


def _variable_bytes(node: Any) -> int:
    shape = [dim.size for dim in node.attr["shape"].shape.dim]
    try:
        size = np.dtype(dtype_name(node.attr["dtype"].type)).itemsize
    except TypeError:
        size = 2 if dtype_name(node.attr["dtype"].type) == "bfloat16" else 0
    return int(np.prod(shape, dtype=np.int64)) * size
