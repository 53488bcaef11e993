"""The static check of a foreign model: nothing of it is loaded or run before it has passed.

Every node of every graph and function counts, whether something calls it or not; of the ops that read and write the
model's own files, all in functions, and those of the main graph that a loader or a request reaches. Their files may be
named in two ways only: the loader gives the place of the variables, and the name of an asset. The check follows these
names through function calls, as TensorFlow's C++ loader binds them (main graph) and as `tf.saved_model.load` does
(graph of objects).
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from .c_api import protos
from .pitfalls import CheckFailedError, counted
from .safe_ops import CHECKPOINT_OPS, TABLE_INITIALIZERS, refusal
from .saved_graph import INIT_OP, ancestors, called, node_name

ASSET, SAVER = "asset", "saver"
_PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op", "saved_model_legacy_init_op")  # TensorFlow 1
_NAMED_ASSETS = "saved_model_assets"  # TensorFlow 1 keeps a second list of the assets
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_FILES = {**{op: (at,) for op, at in TABLE_INITIALIZERS.items()}, **CHECKPOINT_OPS}
_SAVING = frozenset({"SaveV2", "MergeV2Checkpoints"})

_DEPTH = 50  # of the ops between an argument and the name of a file, and of calls
_INPUTS = frozenset({"Placeholder", "PlaceholderWithDefault", "Const"})  # what the loader replaces by a name
# The loader's name of a checkpoint may get such an ending. Pieces are joined, so no piece may end with a dot or slash.
_ENDING = re.compile(rb"[\w-]*([./][\w-]+)*", re.ASCII)
_HANDLES = frozenset({20, 21})  # DT_RESOURCE, DT_VARIANT
_FROM_BYTES = frozenset({"ParseTensor", "DeserializeSparse", "DeserializeManySparse"})

Base = int | str  # number of a function's argument; in the main graph ASSET or SAVER


@dataclasses.dataclass(frozen=True)
class _FileUse:
    """An op that opens files, seen from a graph or function that contains or calls it.

    Attributes:
        op: its name.
        bases: where the names of the files come from; None: from the model's own data.
        place: graph or function that contains the op.
    """

    op: str
    bases: frozenset[Base] | None
    place: str

    @property
    def source(self) -> Base:
        """The only allowed source of the names in a main graph."""
        return ASSET if self.op in TABLE_INITIALIZERS else SAVER


def require_readable_one_way(saved: Any, content: bytes) -> None:
    """Checks that all readers of a saved_model.pb see the same model.

    Args:
        saved: the parsed `SavedModel`.
        content: the bytes of the file.

    Raises:
        CheckFailedError: unknown fields, fields or names that occur twice.
    """
    known = type(saved)()
    known.CopyFrom(saved)
    known.DiscardUnknownFields()
    text = known.SerializeToString()
    if len(text) != len(saved.SerializeToString()):
        raise CheckFailedError("ambiguous", "saved_model.pb has fields that this TensorFlow does not know")
    # The order of maps is free, so the number of each byte is compared.
    one, other = (np.bincount(np.frombuffer(each, np.uint8), minlength=256) for each in (content, text))
    if not np.array_equal(one, other):
        raise CheckFailedError(
            "ambiguous", "saved_model.pb has fields that occur twice, or are encoded in unusual ways"
        )
    tags = Counter(tuple(sorted(graph.meta_info_def.tags)) for graph in saved.meta_graphs)
    _require_once("meta graph with the tags", {", ".join(each): count for each, count in tags.items()}, "the file")
    for graph in saved.meta_graphs:
        functions = graph.graph_def.library.function
        _require_once("function", Counter(each.signature.name for each in functions), "the library")
        _require_once("node", Counter(node.name for node in graph.graph_def.node), "the main graph")
        for function in functions:
            names = [*(each.name for each in function.signature.input_arg), *(node.name for node in function.node_def)]
            _require_once("node", Counter(names), f"function {function.signature.name}")


def require_plain_assets(saved: Any) -> None:
    """Checks that the names of assets stay inside the folder assets/.

    Raises:
        CheckFailedError: names a file elsewhere.
    """
    for graph in saved.meta_graphs:
        for name in (asset.filename for asset in _assets(graph)):
            path = PurePosixPath(name)
            plain = name == path.as_posix() and not path.is_absolute() and ".." not in path.parts and name != "."
            if not plain or any(each in name for each in ("\\", "\0", ":")) or any(ord(each) < 32 for each in name):
                raise CheckFailedError("unsafe_files", f"the model names the asset {name[:200]!r}")
        count = len(graph.asset_file_def)
        for node in graph.object_graph_def.nodes:
            if node.WhichOneof("kind") == "asset" and not 0 <= node.asset.asset_file_def_index < count:
                raise CheckFailedError(
                    "unsafe_files", f"the model names asset number {node.asset.asset_file_def_index}"
                )


def require_safe_ops(saved: Any, definitions: Mapping[str, Any]) -> str:
    """Checks all ops, and the names of the files that they open.

    Args:
        saved: the parsed `SavedModel`.
        definitions: op -> its `OpDef`; unknown ops are left to the check `stock_ops`, since no loader takes them.

    Returns:
        A description of the finding.

    Raises:
        CheckFailedError: names the op and its place.
    """
    nodes, files = 0, 0
    for graph in saved.meta_graphs:
        for place, body in _bodies(graph.graph_def):
            nodes += len(body)
            for node in body:
                _require_allowed(node, place, definitions, graph.graph_def.library)
        files += _Files(graph).check()
    return f"{counted(nodes, 'node')}, {files} of them open files of the model"


def _require_allowed(node: Any, place: str, definitions: Mapping[str, Any], library: Any) -> None:
    if any(value.tensor.dtype in _HANDLES for value in node.attr.values() if value.WhichOneof("value") == "tensor") or (
        node.op in _FROM_BYTES and any(_types(value) & _HANDLES for value in node.attr.values())
    ):
        problem = "it makes a handle of a variable or table from bytes"
        raise CheckFailedError("unsafe_op", f"op {node.op} ({node.name[:100]} in {place}): {problem}")
    definition = definitions.get(node.op)
    if definition is None:
        return
    if reason := refusal(definition, node):
        pitfall = "py_function" if node.op in _PYTHON_OPS else "unsafe_op"
        raise CheckFailedError(pitfall, f"op {node.op} ({node.name[:100]} in {place}): {reason}")


def _types(value: Any) -> set[int]:
    return {value.type, *value.list.type} if value.WhichOneof("value") != "placeholder" else set(_HANDLES)


def _assets(graph: Any) -> list[Any]:
    """Returns the `AssetFileDef`s of both lists."""
    packed = graph.collection_def[_NAMED_ASSETS].any_list.value if _NAMED_ASSETS in graph.collection_def else []
    kind = protos("core.protobuf.meta_graph_pb2").AssetFileDef
    assets = [*graph.asset_file_def]
    for each in packed:
        try:
            assets.append(kind.FromString(each.value))
        except Exception as error:  # the type differs between versions of protobuf
            raise CheckFailedError("unsafe_files", f"the collection {_NAMED_ASSETS}: {error}") from error
    return assets


def _named_by_the_loader(graph: Any) -> list[Any]:
    """Returns the assets whose names the loader fills in: it reads the second list only if the first is empty."""
    return [*graph.asset_file_def] or _assets(graph)


def _bodies(graph: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    yield "the main graph", graph.node
    yield from ((f"function {each.signature.name[:100]}", each.node_def) for each in graph.library.function)


def _require_once(kind: str, counts: Mapping[str, int], place: str) -> None:
    for name, count in counts.items():
        if count > 1:
            raise CheckFailedError("ambiguous", f"{count} times {kind} {name[:100]!r} in {place}")


class _Body:
    """A main graph or a function: its nodes, and the sources of strings in it."""

    def __init__(
        self, place: str, nodes: Sequence[Any], bases: Mapping[str, Base], variables: Mapping[str, int] | None = None
    ) -> None:
        """Names the nodes.

        Args:
            place: for messages.
            nodes: `NodeDef`s.
            bases: name of a node or argument -> its value.
            variables: name of a variable -> number of its handles in the whole model; None: variables are not followed.
        """
        self.place = place
        self.nodes = {node.name: node for node in nodes}
        self._bases = bases
        self._variables = variables or {}
        self._paths: dict[tuple[str, bool], frozenset[Base] | None] = {}
        self._endings: dict[str, bool] = {}

    def path(self, tensor: str, saving: bool, depth: int = 0) -> frozenset[Base] | None:
        """Returns the sources of the name of a file; None if anything else could be in it.

        Args:
            tensor: an input of a node.
            saving: whether the op writes variables: their names get endings and numbers, which nothing runs here.
            depth: of the recursion.
        """
        if (tensor, saving) not in self._paths:
            self._paths[tensor, saving] = self._path(tensor, saving, depth)
        return self._paths[tensor, saving]

    def _path(self, tensor: str, saving: bool, depth: int) -> frozenset[Base] | None:
        name = tensor.partition(":")[0]
        if tensor.removesuffix(":0") in self._bases:
            return frozenset([self._bases[tensor.removesuffix(":0")]])
        node = self.nodes.get(name)
        if node is None or depth > _DEPTH:
            return None
        inputs = _data_inputs(node)
        if node.op == "Identity" and inputs:
            return self.path(inputs[0], saving, depth + 1)
        if node.op == "ReadVariableOp" and inputs:
            return self._variable(node_name(inputs[0]), depth + 1)
        if not saving:
            return None
        if node.op in ("Pack", "ConcatV2"):
            parts = inputs if node.op == "Pack" else inputs[:-1]
        elif node.op in ("Select", "SelectV2"):
            parts = inputs[1:]
        elif node.op == "ShardedFilename" or (
            node.op == "StringJoin"
            and not node.attr["separator"].s
            and all(self._is_ending(each, depth + 1) for each in inputs[1:])
        ):
            parts = inputs[:1]
        else:
            parts = []
        return _union([self.path(each, saving, depth + 1) for each in parts]) if parts else None

    def _variable(self, name: str, depth: int) -> frozenset[Base] | None:
        """Returns the sources of a variable in which TensorFlow 2 keeps the place of an asset."""
        handle = self.nodes.get(name)
        if handle is None or handle.op != "VarHandleOp" or self._variables.get(_variable_name(handle)) != 1:
            return None
        users = [each for each in self.nodes.values() if name in map(node_name, _data_inputs(each))]
        if any(each.op not in ("AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp") for each in users):
            return None
        values = [self.path(_data_inputs(each)[-1], False, depth) for each in users if each.op == "AssignVariableOp"]
        return _union(values) if values else None

    def _is_ending(self, tensor: str, depth: int) -> bool:
        if tensor not in self._endings:  # an op may be the input of many, and these of many more
            self._endings[tensor] = self._is_new_ending(tensor, depth)
        return self._endings[tensor]

    def _is_new_ending(self, tensor: str, depth: int) -> bool:
        node = self.nodes.get(tensor.partition(":")[0])
        if node is None or depth > _DEPTH:
            return False
        if node.op == "Const":
            texts = node.attr["value"].tensor.string_val
            return bool(texts) and all(map(_ENDING.fullmatch, texts))
        parts = {"Identity": 0, "Select": 1, "SelectV2": 1, "StringJoin": 0}.get(node.op)
        inputs = _data_inputs(node)
        plain = not node.attr["separator"].s and not node.attr["separator"].placeholder
        return plain and parts is not None and all(self._is_ending(each, depth + 1) for each in inputs[parts:])


class _Files:
    """The ops of a meta graph that open files, and the sources of their names."""

    def __init__(self, graph: Any) -> None:
        """Collects bodies and bases.

        Args:
            graph: a `MetaGraphDef` whose functions and nodes have unique names.
        """
        self._graph = graph
        self._functions = {each.signature.name: each for each in graph.graph_def.library.function}
        self._bodies = {
            name: _Body(
                f"function {name[:100]}",
                each.node_def,
                {argument.name: number for number, argument in enumerate(each.signature.input_arg)},
            )
            for name, each in self._functions.items()
        }
        bases: dict[str, Base] = {
            asset.tensor_info.name.removesuffix(":0"): ASSET for asset in _named_by_the_loader(graph)
        }
        if saver := graph.saver_def.filename_tensor_name.removesuffix(":0"):
            if saver in bases:
                raise CheckFailedError("unsafe_op", f"{saver[:100]} names both the variables and an asset")
            bases[saver] = SAVER
        # The loader replaces one output; an op with more of them could name a file with another.
        bases = {
            node.name: bases[node.name] for node in graph.graph_def.node if node.name in bases and node.op in _INPUTS
        }
        handles = [node for _, body in _bodies(graph.graph_def) for node in body if node.op == "VarHandleOp"]
        variables = Counter(_variable_name(node) for node in handles)
        # Inside a function, a variable without a fixed name may get that of any other.
        inside = (node for function in self._functions.values() for node in function.node_def)
        if any(node.op == "VarHandleOp" and not node.attr["shared_name"].s for node in inside):
            variables.clear()
        self._main = _Body("the main graph", graph.graph_def.node, bases, variables)
        self._opening = self._functions_that_open()
        self._uses: dict[str, list[_FileUse]] = {}

    def check(self) -> int:
        """Checks every use; returns their number in the main graph.

        Raises:
            CheckFailedError: names the op.
        """
        self._require_called_by_name()
        for name in sorted(self._opening):
            for use in self._function_uses(name, ()):
                _require_source(use)
        nodes = self._main.nodes
        parts = [(ancestors(nodes, tensors), allowed, problem) for tensors, allowed, problem in self._parts()]
        # TensorFlow 1 leaves the ops of further savers in the graph under other names, and nothing runs them.
        run = set[str]().union(*(names for names, _, _ in parts))
        at = {name: self._node_uses(nodes[name], self._main, ()) for name in sorted(run)}
        at = {name: uses for name, uses in at.items() if uses}
        for use in (use for uses in at.values() for use in uses):
            _require_source(use)
            if use.bases != {use.source}:
                raise _unsafe(use, "the loader does not choose the name of its file")
        for names, allowed, problem in parts:
            for use in (use for name in sorted(names & at.keys()) for use in at[name]):
                if use.op not in allowed:
                    raise _unsafe(use, problem)
        self._require_bound_to_assets()
        return sum(map(len, at.values()))

    def _functions_that_open(self) -> set[str]:
        calls = {name: set[str]() for name in self._functions}
        opening = set()
        for name, function in self._functions.items():
            for node in function.node_def:
                calls[name] |= called(node, self._functions)
                if node.op in _FILES:
                    opening.add(name)
        grown = True
        while grown:
            more = {name for name, callees in calls.items() if name not in opening and callees & opening}
            grown = bool(more)
            opening |= more
        return opening

    def _require_called_by_name(self) -> None:
        """Checks that no other function stands for one that opens files, and that its arguments are one tensor each."""
        for gradient in self._graph.graph_def.library.gradient:
            if self._opening & {gradient.function_name, gradient.gradient_func}:
                raise CheckFailedError(
                    "unsafe_op", f"function {gradient.gradient_func[:100]} opens files as a gradient"
                )
        for name in sorted(self._opening):
            function = self._functions[name]
            if "api_implements" in function.attr:  # an optimizer may put it in the place of another
                raise CheckFailedError("unsafe_op", f"function {name[:100]} opens files and implements another one")
            if any(each.number_attr or each.type_list_attr for each in function.signature.input_arg):
                raise CheckFailedError("unsafe_op", f"function {name[:100]} opens files and takes a list of tensors")

    def _function_uses(self, name: str, callers: tuple[str, ...]) -> list[_FileUse]:
        if name in callers:
            raise CheckFailedError("unsafe_op", f"function {name[:100]} opens files and calls itself")
        if len(callers) > _DEPTH:
            problem = f"function {name[:100]} opens files and is called through more than {_DEPTH} functions"
            raise CheckFailedError("unsafe_op", problem)
        if name not in self._uses:
            body = self._bodies[name]
            uses = (use for node in body.nodes.values() for use in self._node_uses(node, body, (*callers, name)))
            self._uses[name] = list(dict.fromkeys(uses))
        return self._uses[name]

    def _node_uses(self, node: Any, body: _Body, callers: tuple[str, ...]) -> list[_FileUse]:
        """Returns the files that a node opens, itself or through the functions that it calls."""
        if node.op in _FILES and node.op not in self._functions:
            inputs = _data_inputs(node)
            names = [inputs[at] if at < len(inputs) else "" for at in _FILES[node.op]]
            sources = _union([body.path(name, node.op in _SAVING) for name in names])
            return [_FileUse(node.op, sources, body.place)]
        uses = []
        for callee in sorted(called(node, self._functions) & self._opening):
            direct = node.op == callee or (node.op in _CALLS and node.attr["f"].func.name == callee)
            uses += [
                dataclasses.replace(use, bases=_bound(use, node, body) if direct else None)
                for use in self._function_uses(callee, callers)
            ]
        return uses

    def _parts(self) -> list[tuple[set[str], Container[str], str]]:
        """Returns what loaders and servers run: tensors, the ops that may open files there, what else is a problem.

        Requests reach no files, and variables and tables are read when the loader names them.
        """
        signatures = self._graph.signature_def.items()
        answers = {tensor for name, each in signatures if name != INIT_OP for tensor in _output_tensors(each)}
        return [
            (answers, {}, "a request reaches it"),
            (self._init_ops(), TABLE_INITIALIZERS, "the initializer reaches it"),
            ({self._graph.saver_def.restore_op_name}, {"RestoreV2"}, "the restore function reaches it"),
            ({self._graph.saver_def.save_tensor_name}, _SAVING, "the save function reaches it"),
        ]

    def _init_ops(self) -> set[str]:
        names = set()
        if INIT_OP in self._graph.signature_def:
            names |= {*_output_tensors(self._graph.signature_def[INIT_OP])} - {""}
            for node in map(self._main.nodes.get, names):  # a server takes it for a signature
                if node is None or node.op != "NoOp":
                    raise CheckFailedError("unsafe_op", f"the initializer of the model returns values: {sorted(names)}")
        for key in _INIT_COLLECTIONS:
            if key in self._graph.collection_def:
                names |= set(self._graph.collection_def[key].node_list.value)
        return names

    def _require_bound_to_assets(self) -> None:
        """Checks what `tf.saved_model.load` passes to functions that open files."""
        objects = self._graph.object_graph_def
        for name, concrete in objects.concrete_functions.items():
            if name not in self._opening:
                continue
            first = len(self._functions[name].signature.input_arg) - len(concrete.bound_inputs)
            for use in self._function_uses(name, ()):
                places = [int(base) - first for base in use.bases or ()]
                bound = [concrete.bound_inputs[place] for place in places if place >= 0]
                kinds = {objects.nodes[each].WhichOneof("kind") for each in bound if 0 <= each < len(objects.nodes)}
                if use.op not in TABLE_INITIALIZERS or len(bound) != len(use.bases or ()) or kinds != {"asset"}:
                    raise _unsafe(use, "Python calls it with names of other files than assets")


def _require_source(use: _FileUse) -> None:
    if use.bases is None:
        raise _unsafe(use, "the model itself chooses the name of its file")


def _unsafe(use: _FileUse, problem: str) -> CheckFailedError:
    return CheckFailedError("unsafe_op", f"op {use.op} in {use.place}: {problem}")


def _union(sources: Sequence[frozenset[Base] | None]) -> frozenset[Base] | None:
    """Returns all sources together; None if one of them is None."""
    known = [each for each in sources if each is not None]
    return frozenset[Base]().union(*known) if len(known) == len(sources) else None


def _bound(use: _FileUse, node: Any, body: _Body) -> frozenset[Base] | None:
    """Returns the sources of a callee's file names, in the terms of the body that calls it."""
    inputs = _data_inputs(node)
    if use.bases is None or any(not isinstance(base, int) or base >= len(inputs) for base in use.bases):
        return None
    return _union([body.path(inputs[int(base)], use.op in _SAVING) for base in use.bases])


def _output_tensors(signature: Any) -> Iterator[str]:
    """Yields the tensors of a signature's outputs, those of sparse and ragged ones, too."""
    pending = [*signature.outputs.values()]
    while pending:
        info = pending.pop()
        pending += info.composite_tensor.components  # of which each may have components
        sparse = info.coo_sparse
        yield from (info.name, sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name)


def _data_inputs(node: Any) -> list[str]:
    return [each for each in node.input if not each.startswith("^")]


def _variable_name(handle: Any) -> str:
    return str(handle.attr["shared_name"].s.decode("utf-8", "replace") or handle.name)
