"""The identity of a model folder.

Two exports of the same model are never byte-identical, so a model is known by the bytes of the folder that was pushed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from components.common.errors import NerError

_CHUNK_BYTES = 1 << 20


def tree_hash(folder: str | os.PathLike[str]) -> str:
    """Hashes the names and contents of all files under a folder.

    Times, permissions and empty folders do not count (object stores keep none of them). Every name and content is
    preceded by its length, so that no two different trees give the same stream.

    Args:
        folder: Folder to hash.

    Returns:
        sha256 as 64 lower-case hexadecimal digits.

    Raises:
        NerError: If the folder is missing, or holds something that is neither a file nor a folder, or a link to a
            folder (what it points at would not travel with the model).
    """
    root = Path(folder)
    if not root.is_dir():
        raise NerError(f"{root}: there is no such folder, so there is no model to hash. Check the path.")
    digest = hashlib.sha256()
    for name, path in sorted(_files(root).items()):
        encoded = name.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
        digest.update(path.stat().st_size.to_bytes(8, "big"))
        with path.open("rb") as handle:
            while chunk := handle.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def file_hashes(folder: str | os.PathLike[str]) -> dict[str, str]:
    """Returns the relative posix name -> sha256 of every file under a folder, sorted by name."""
    hashes = {}
    for name, path in sorted(_files(Path(folder)).items()):
        with path.open("rb") as handle:
            hashes[name] = hashlib.file_digest(handle, "sha256").hexdigest()
    return hashes


def _files(root: Path) -> dict[str, Path]:
    """Relative posix name -> path of every file under `root`."""
    files = {}
    for parent, folders, names in os.walk(root):
        for path in (Path(parent, name) for name in [*folders, *names]):
            if path.is_file():
                files[path.relative_to(root).as_posix()] = path
            elif path.is_symlink() or not path.is_dir():
                raise NerError(f"{path}: a model folder may hold only files and folders. Remove it or copy it in.")
    return files
