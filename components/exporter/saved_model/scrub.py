"""Takes the build machine's paths out of a SavedModel.

TensorFlow names a table that it reads from a file after the file's path (`hash_table_/home/me/...`) and offers no way
to choose another name. The name has to be the same wherever the table is meant, and another one for tables with other
content (a process may load several models), so a hash of the assets takes the place of the path.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PATH = re.compile(rb"(?<![A-Za-z0-9.])(?:/|[A-Za-z]:\\)[\w.+-]+[/\\]")


def scrub_build_paths(model_dir: str | os.PathLike[str]) -> int:
    """Renames tables that are called after files, and removes debug information.

    The fingerprint goes, too, if anything was renamed: it holds a checksum of the graph (TensorFlow reads it for its
    metrics and does without).

    Args:
        model_dir: a SavedModel; its saved_model.pb is replaced.

    Returns:
        How many names were replaced.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    folder = Path(model_dir)
    shutil.rmtree(folder / "debug", ignore_errors=True)
    file = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    prefix = _assets_hash(folder / "assets")
    attributes = [attribute for graph in saved.meta_graphs for attribute in _shared_names(graph.graph_def)]
    taken = {attribute.s for attribute in attributes}
    names: dict[bytes, bytes] = {}
    for attribute in attributes:
        if _PATH.search(attribute.s):
            attribute.s = names.setdefault(attribute.s, _free_name(prefix, taken))
            taken.add(attribute.s)
    if names:
        _replace(file, saved.SerializeToString())
        (folder / "fingerprint.pb").unlink(missing_ok=True)
    return len(names)


def _shared_names(graph: Any) -> Iterator[Any]:
    """The `shared_name` attributes of a graph and its functions."""
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    return (node.attr["shared_name"] for nodes in bodies for node in nodes if "shared_name" in node.attr)


def _assets_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for asset in sorted(folder.glob("*")):
        digest.update(hashlib.sha256(asset.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _free_name(prefix: str, taken: set[bytes]) -> bytes:
    numbers = itertools.count()
    return next(name for name in (f"table_{prefix}_{number}".encode() for number in numbers) if name not in taken)


def _replace(file: Path, content: bytes) -> None:
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    partial.rename(file)
