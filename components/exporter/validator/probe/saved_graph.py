"""The content of saved_model.pb, without loading the model: signatures, ops, assets, variables, texts."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .c_api import dtype_name, protos
from .pitfalls import printable

INIT_OP = "__saved_model_init_op"
_PAD = "[PAD]"
_OUTSIDE = ("O", "OUT", "[UNK]", "<pad>")
_TAG = re.compile(r"[BIESLUMW][-_]([^\s,;]{1,100})")
_LARGEST_LABELS = 1 << 20  # bytes


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """One input or output of a signature.

    Attributes:
        tensor: its name in the graph.
        number: TensorFlow's number of the dtype.
        shape: None for an unknown rank; None for a dimension of any size.
    """

    tensor: str
    number: int
    shape: tuple[int | None, ...] | None

    @property
    def dtype(self) -> str:
        """The dtype's usual name."""
        return dtype_name(self.number)


class SavedGraph:
    """The meta graph with the tag `serve`.

    tests/components/serving/test_saved_model_tagger.py shows how a signature's tensors are found with it.
    """

    def __init__(self, folder: Path) -> None:
        """Parses saved_model.pb.

        Raises:
            ValueError: the file is damaged, or no meta graph has exactly the tag `serve`.
        """
        saved = protos("core.protobuf.saved_model_pb2").SavedModel()
        self.content = (folder / "saved_model.pb").read_bytes()
        try:
            saved.ParseFromString(self.content)
        except Exception as error:  # the type differs between versions of protobuf
            raise ValueError(f"saved_model.pb cannot be read: {error}") from error
        serving = [graph for graph in saved.meta_graphs if set(graph.meta_info_def.tags) == {"serve"}]
        if not serving:
            tags = [list(graph.meta_info_def.tags) for graph in saved.meta_graphs]
            raise ValueError(f"no meta graph has the tag `serve`; there are {tags}")
        self.saved = saved
        self.message = serving[0]
        self.nodes = {node.name: node for node in self.message.graph_def.node}
        self.functions = {function.signature.name: function for function in self.message.graph_def.library.function}

    @property
    def assets(self) -> list[str]:
        """Names of files in assets/ that the graph reads."""
        return sorted({asset.filename for asset in self.message.asset_file_def})

    @functools.cached_property
    def methods(self) -> dict[str, str]:
        """Signature -> method name; a server offers those with `tensorflow/serving/predict`."""
        return {name: sig.method_name for name, sig in self.message.signature_def.items() if name != INIT_OP}

    def inputs(self, signature: str) -> dict[str, TensorInfo]:
        """The inputs of a signature by name."""
        return _infos(self.message.signature_def[signature].inputs)

    def outputs(self, signature: str) -> dict[str, TensorInfo]:
        """The outputs of a signature by name."""
        return _infos(self.message.signature_def[signature].outputs)

    def ops(self) -> dict[str, str]:
        """Op -> a place where it is used; functions that nothing calls are left out."""
        places: dict[str, str] = {}
        pending = [("the main graph", list(self.nodes.values()))]
        seen: set[str] = set()
        while pending:
            place, nodes = pending.pop()
            for node in nodes:
                if node.op not in self.functions:
                    places.setdefault(node.op, place)
                for name in called(node, self.functions) - seen:
                    seen.add(name)
                    pending.append((f"function {name}", list(self.functions[name].node_def)))
        return places

    def stored_variables(self) -> dict[str, int]:
        """Resource variable -> bytes, of those that the checkpoint restores."""
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
        """Yields (place, text) for every attribute and single string constant of an op.

        Names of nodes are left out, because scopes look like paths; so are lists of strings, which are data.
        """
        for node in self.nodes.values():
            yield from _node_texts(node, node.name)
        for name, function in self.functions.items():
            for node in function.node_def:
                yield from _node_texts(node, f"{node.name} in function {name}")

    def string_lists(self) -> Iterator[Sequence[bytes]]:
        """Yields the texts of every constant that holds more than one."""
        for nodes in (self.nodes.values(), *(function.node_def for function in self.functions.values())):
            for node in nodes:
                if node.op == "Const" and len(texts := node.attr["value"].tensor.string_val) > 1:
                    yield texts

    def _ancestors(self, tensors: Iterable[str]) -> list[Any]:
        return [self.nodes[name] for name in ancestors(self.nodes, tensors)]


def node_name(tensor: str) -> str:
    """Returns the node of an input or output such as `^node` or `node:0`."""
    return tensor.lstrip("^").partition(":")[0]


def ancestors(nodes: Mapping[str, Any], tensors: Iterable[str]) -> set[str]:
    """Returns the names of all nodes from which tensors are computed, and of those that must run before.

    Args:
        nodes: `NodeDef`s by name.
        tensors: names; those of no node are left out.
    """
    pending, seen = [*map(node_name, tensors)], set()
    while pending:
        name = pending.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            pending.extend(map(node_name, nodes[name].input))
    return seen


def called(node: Any, functions: Collection[str]) -> set[str]:
    """Returns the functions that a node names, in its op or in attributes of any depth."""
    names, pending = {node.op}, list(node.attr.values())
    while pending:
        value = pending.pop()
        for function in (value.func, *value.list.func) if value.WhichOneof("value") in ("func", "list") else ():
            names.add(function.name)
            pending.extend(function.attr.values())
    return {name for name in names if name in functions}


def entity_types(graph: SavedGraph, folder: Path) -> list[str]:
    """Returns the types of entities that a model knows: those of the IOB2 tags in its constants and assets.

    A list of texts counts if it holds tags, and nothing else but padding and the outside tag.

    Args:
        graph: the parsed file.
        folder: of the model; assets of up to 1 MB are read.
    """
    lists = list(graph.string_lists())
    for name in graph.assets:
        file = folder / "assets" / name
        if file.is_file() and file.stat().st_size <= _LARGEST_LABELS:
            lists.append(file.read_bytes().split(b"\n"))
    types: set[str] = set()
    for texts in lists:
        tags = {text.decode("utf-8", "replace").strip() for text in texts} - {"", _PAD, *_OUTSIDE}
        matches = [_TAG.fullmatch(tag) for tag in tags]
        if all(matches):
            types |= {match.group(1) for match in matches if match}
    return sorted(map(printable, types))


def derived_contract(graph: SavedGraph, golden: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns a contract as JSON for a model without one: names, dtypes and shapes of its signatures.

    An output with the name and dtype of an input counts as that input forwarded. If sentences are among the golden
    answers, a string input that is not forwarded is taken for text, and an output named `tags` for tags.

    Args:
        graph: the parsed file.
        golden: known answers.
    """
    sentences = any("sentence" in case for case in golden)
    signatures = {name: _signature(graph, name, sentences) for name in sorted(graph.methods)}
    return {"version": 0, "pad": _PAD if sentences else "", "signatures": signatures}


def _signature(graph: SavedGraph, name: str, sentences: bool) -> dict[str, Any]:
    inputs, outputs = graph.inputs(name), graph.outputs(name)
    takes = {key: _tensor(info) for key, info in inputs.items()}
    returns = {key: _tensor(info) for key, info in outputs.items()}
    for key in set(inputs) & set(outputs):
        if inputs[key].dtype == outputs[key].dtype:
            returns[key]["forwards"] = key
    if sentences:
        texts = [key for key, info in inputs.items() if info.dtype == "string" and key not in outputs]
        if len(texts) == 1:
            takes[texts[0]]["role"] = "text"
        if "tags" in returns:
            returns["tags"]["role"] = "tags"
    return {"inputs": takes, "outputs": returns}


def _tensor(info: TensorInfo) -> dict[str, Any]:
    return {"dtype": info.dtype, "shape": None if info.shape is None else list(info.shape)}


def _infos(messages: Any) -> dict[str, TensorInfo]:
    return {
        name: TensorInfo(info.name, info.dtype, _shape(info.tensor_shape)) for name, info in sorted(messages.items())
    }


def _shape(message: Any) -> tuple[int | None, ...] | None:
    return None if message.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in message.dim)


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
