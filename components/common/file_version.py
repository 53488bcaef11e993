"""Whether a file or folder that a setting names is still the one that was read."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_version(path: str) -> str:
    """Returns a text that changes when a file, or one of a folder's, does: from sizes and times, without reading it.

    TFX's cache looks at the path only, and the files meant here (vectors, checkpoints) are too large to hash each run.

    Args:
        path: a file or a folder. Whatever else it is, a URL or the name of a preset, has the version "".
    """
    root = Path(path)
    files = sorted(file for file in root.rglob("*") if file.is_file()) if root.is_dir() else [root]
    digest = hashlib.sha256()
    for file in files:
        if not file.is_file():
            return ""
        status = file.stat()
        digest.update(f"{file.relative_to(root).as_posix()}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]
