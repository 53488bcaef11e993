"""Identity of files and folders.

Two exports of one model never have the same bytes, so the bytes of the pushed folder identify a model (`tree_hash`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from components.common.errors import NerError

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 2**20  # bytes read at a time


def tree_hash(folder: str | os.PathLike[str]) -> str:
    """Hashes the names and contents of all files under a folder.

    Times, permissions and empty folders do not count: object stores keep none of them.

    Args:
        folder: folder to hash.

    Returns:
        SHA-256 as 64 hexadecimal digits.

    Raises:
        NerError: the folder is missing, or contains a link to a folder or a special file, which would not be copied
            with the model.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "vocabulary.txt").write_text("the")
        >>> tree_hash(folder)[:16]
        '6d41fb7b153951b2'
    """
    root = Path(folder)
    if not root.is_dir():
        raise NerError(f"{root}: there is no such folder, so there is no model to hash. Check the path.")
    digest = hashlib.sha256()
    for name, path in sorted(_files(root).items()):
        # With the length in front of every name and content, two different trees never give the same stream.
        encoded = name.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
        digest.update(path.stat().st_size.to_bytes(8, "big"))
        with path.open("rb") as handle:
            _add_content(handle, digest)
    return digest.hexdigest()


def _files(root: Path) -> dict[str, Path]:
    """Returns the path of every file under `root` by relative POSIX name."""
    files = {}
    for parent, folders, names in os.walk(root):
        for path in (Path(parent, name) for name in [*folders, *names]):
            if path.is_file():
                files[path.relative_to(root).as_posix()] = path
            elif path.is_symlink() or not path.is_dir():
                raise NerError(f"{path}: neither a file nor a folder of the model. Remove it or copy its content.")
    return files


def file_hashes(folder: str | os.PathLike[str], *, skip: Collection[str] = ()) -> dict[str, str]:
    """Returns relative POSIX name -> SHA-256 of each file under a folder, sorted by path.

    Args:
        folder: folder to read.
        skip: names of files and folders directly in `folder` that are left out.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "vocabulary.txt").write_text("the")
        >>> file_hashes(folder)
        {'vocabulary.txt': 'b9776d7ddf459c9ad5b0e1d6ac61e27befb5e99fd62446677600d7cacef544d0'}
    """
    hashes = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in skip:
            hashes[name.as_posix()] = file_hash(path)
    return hashes


def tree_differences(folder: str | os.PathLike[str], expected: Mapping[str, str]) -> list[str]:
    """Returns the files of a folder that differ from recorded ones, a phrase each.

    Args:
        folder: folder to read.
        expected: relative POSIX name -> SHA-256, or its first digits, as `file_hashes` returned them.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "vocabulary.txt").write_text("the")
        >>> tree_differences(folder, {"vocabulary.txt": "00ff", "saved_model.pb": "1a"})
        ['saved_model.pb is missing', 'vocabulary.txt has other content']
    """
    actual = file_hashes(folder)
    phrases = {name: f"{name} is missing" for name in expected if name not in actual}
    phrases |= {name: f"{name} was added" for name in actual if name not in expected}
    changed = [name for name in expected if name in actual and not actual[name].startswith(expected[name])]
    phrases |= {name: f"{name} has other content" for name in changed}
    return [phrases[name] for name in sorted(phrases)]


def file_hash(path: str | os.PathLike[str]) -> str:
    """Returns the SHA-256 of a file's content as 64 hexadecimal digits.

    Example:
        >>> file = getfixture("tmp_path") / "vocabulary.txt"
        >>> _ = file.write_text("the")
        >>> file_hash(file)[:16]
        'b9776d7ddf459c9a'
    """
    with open(path, "rb") as handle:
        return _add_content(handle, hashlib.sha256()).hexdigest()


def _add_content(handle: BinaryIO, digest: _Hash) -> _Hash:
    """Adds a file's content to a digest; hashlib.file_digest needs Python 3.11."""
    while block := handle.read(_BLOCK):
        digest.update(block)
    return digest


def content_version(path: str) -> str:
    """Returns a text that changes with the content of a file or folder, and with nothing else.

    Args:
        path: a file or a folder. Anything else, such as a URL or the name of a preset, has the version "".

    Example:
        >>> content_version("gs://bucket/glove.txt")
        ''
    """
    root = Path(path)
    if root.is_dir():
        return hashlib.sha256(json.dumps(file_hashes(root)).encode()).hexdigest()
    return file_hash(root) if root.is_file() else ""


def require_content(setting: str, path: str, version: str) -> None:
    """Checks that a file or folder still has the content that the run started with.

    Args:
        setting: dotted name of the setting that names it, for the error.
        path: see `content_version`.
        version: version at the start of the run; "" checks nothing.

    Raises:
        NerError: the content changed.
    """
    if version and content_version(path) != version:
        raise NerError(f"{setting}: {path} changed during the run. Run again when it no longer changes.")
