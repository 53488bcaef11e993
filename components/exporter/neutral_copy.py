"""A copy of a SavedModel that does not remember where it was made."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The folders before a file's name, in text such as "hash_table_/a/b/words_-2_-1" or "tf.Tensor(b'/a/b/words')".
_FOLDERS = re.compile(rb"/[^'\"\s]*/")


def copy_without_paths(source: Path, target: Path) -> None:
    """Copies a SavedModel and takes the build machine's paths out of its tables' names.

    TensorFlow names a lookup table after the path of its file. Such a name gives the machine away. It also decides
    which tables are one and the same in a process that loads several models eagerly, so the path makes way for a hash
    of the assets: tables with different words must not share a name.

    Args:
        source: folder of a SavedModel.
        target: folder to make.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    shutil.copytree(source, target)
    digest = hashlib.sha256()
    for asset in sorted((target / "assets").glob("*")):
        digest.update(hashlib.sha256(asset.read_bytes()).digest())
    content = f"{digest.hexdigest()[:16]}/".encode()
    file = target / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for node in _nodes(model):
        if b"/" in node.attr["shared_name"].s:
            node.attr["shared_name"].s = _FOLDERS.sub(content, node.attr["shared_name"].s)
    file.write_bytes(model.SerializeToString(deterministic=True))


def _nodes(model: Any) -> Iterator[Any]:
    """All nodes that have a shared name, in graphs and in functions."""
    for graph in (meta.graph_def for meta in model.meta_graphs):
        for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
            yield from (node for node in nodes if "shared_name" in node.attr)
