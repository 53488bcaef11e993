"""Bytes on disk that become free when folders are removed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_BLOCK = 512  # bytes; the unit of st_blocks


class FreedBytes:
    """Counter of bytes for paths that are removed one after the other.

    A file with several hard links takes space until the last of them is removed.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "a").write_bytes(b"x" * 8192)
        >>> os.link(folder / "a", folder / "b")
        >>> freed = FreedBytes()
        >>> freed.add([folder / "a"]), freed.add([folder / "b"]) >= 8192
        (0, True)
    """

    def __init__(self) -> None:
        """Begins without a removed path."""
        self._links: Counter[tuple[int, int]] = Counter()

    def add(self, paths: Iterable[Path]) -> int:
        """Returns the bytes that become free when these paths are removed as well."""
        return sum(self._file(file) for path in paths for file in _files(path))

    def _file(self, file: Path) -> int:
        status = file.lstat()
        self._links[status.st_dev, status.st_ino] += 1
        return status.st_blocks * _BLOCK if self._links[status.st_dev, status.st_ino] == status.st_nlink else 0


def _files(path: Path) -> Iterable[Path]:
    if path.is_symlink() or not path.is_dir():
        return [path]
    return [Path(parent, name) for parent, _, names in os.walk(path) for name in names]


def size_text(count: int) -> str:
    """Returns a number of bytes for people.

    >>> size_text(0), size_text(1_234_567), size_text(2_000_000_000)
    ('0 MB', '1.2 MB', '2.0 GB')
    """
    if count == 0:
        return "0 MB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
