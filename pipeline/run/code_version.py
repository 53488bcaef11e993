"""Hash of this project's code, which invalidates TFX's cache."""

from __future__ import annotations

import hashlib
from importlib import resources

# Templates shape a report as much as code does.
_SOURCES = frozenset({".py", ".j2", ".css"})


def code_version(*packages: str) -> str:
    """Returns 16 hex digits that change with any source file of the packages.

    TFX's cache compares a node's inputs and parameters, not its code; without this hash a run after an edit would reuse
    outputs of the old code.

    Args:
        *packages: dotted names, for example `components.text`.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        root = resources.files(package)
        with resources.as_file(root) as folder:
            for file in sorted(path for path in folder.rglob("*") if path.suffix in _SOURCES):
                digest.update(f"{package}/{file.relative_to(folder).as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
