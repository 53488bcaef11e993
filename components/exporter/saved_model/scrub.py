"""Removes the build machine's paths from a SavedModel.

TensorFlow names a table that it reads from a file after the file's path (`hash_table_/home/me/...`) and offers no way
to choose another name. All uses of a table need the same name, and tables with other content need another one (a
process may load several models), so a hash of the assets replaces the path.
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

from components.common.files import write_atomically
from components.keys import SAVED_MODEL_FILE

_PATH = re.compile(rb"(?<![A-Za-z0-9.])(?:/|[A-Za-z]:\\)[\w.+-]+[/\\]")


def scrub_build_paths(model_dir: str | os.PathLike[str]) -> int:
    """Renames tables that are named after files, and removes debug information.

    If a table was renamed, the fingerprint is removed, too: it holds a checksum of the graph (TensorFlow reads it only
    for metrics).

    Args:
        model_dir: a SavedModel; its saved_model.pb is replaced.

    Returns:
        The number of replaced names.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    folder = Path(model_dir)
    shutil.rmtree(folder / "debug", ignore_errors=True)
    file = folder / SAVED_MODEL_FILE
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
        write_atomically(file, saved.SerializeToString())
        (folder / "fingerprint.pb").unlink(missing_ok=True)
    return len(names)


def _shared_names(graph: Any) -> Iterator[Any]:
    """Yields the `shared_name` attributes of a graph and its functions."""
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
