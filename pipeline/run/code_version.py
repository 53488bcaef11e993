"""Hash of this project's code, which invalidates TFX's cache."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

# Templates shape a report as much as code does.
_SOURCES = frozenset({".py", ".j2", ".css"})


def code_version(*packages: str) -> str:
    """Returns 16 hex digits that change with any source file of the packages.

    TFX's cache compares a node's inputs and parameters, not its code; without this hash a run after an edit would reuse
    outputs of the old code.

    Args:
        *packages: dotted names of packages or single modules, for example `components.text`. A package that is not
            installed is skipped: a pipeline may be compiled on another machine than it runs on.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        spec = importlib.util.find_spec(package)
        if spec is None:
            continue
        folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
        files = [(folder, file) for folder in folders for file in folder.rglob("*") if file.suffix in _SOURCES]
        if not folders and spec.origin:
            files = [(Path(spec.origin).parent, Path(spec.origin))]
        for folder, file in sorted(files):
            digest.update(f"{package}/{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
