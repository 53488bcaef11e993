"""A hash of our own code, for caches to see that it changed."""

from __future__ import annotations

import hashlib
from importlib import resources

# Templates make as much of a report as code does.
_SOURCES = frozenset({".py", ".j2", ".css"})


def code_version(*packages: str) -> str:
    """Returns 16 hex digits that change when a source file of one of the packages does.

    TFX's cache looks at a node's inputs and parameters and not at its code: without this a run after an edit would hand
    back what the old code made.

    Args:
        *packages: dotted names, sub-packages included, for example `components.text`.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        root = resources.files(package)
        with resources.as_file(root) as folder:
            for file in sorted(path for path in folder.rglob("*") if path.suffix in _SOURCES):
                digest.update(f"{package}/{file.relative_to(folder).as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
