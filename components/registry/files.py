"""Durable, all-or-nothing file operations shared by the registry, its downloads and the serving directory."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.registry.errors import LockHeldError

INCOMING_PREFIX = ".incoming-"
"""Folders of this name are unfinished; TF Serving skips them because they are no number."""


@contextmanager
def locked(lock_file: Path, wait: bool = True) -> Iterator[None]:
    """Holds an exclusive lock between processes of one machine; the system drops it when the holder dies.

    flock of the standard library, because nothing but this one call is needed. It does not nest.

    Args:
        lock_file: File to lock; created with its folder when absent, never removed (removing it would be a race).
        wait: until another holder is through.

    Raises:
        LockHeldError: somebody else holds it, and `wait` is false.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeldError(f"{lock_file} is held by another process; wait until it is through") from None
        yield


@contextmanager
def incoming_folder(parent: Path) -> Iterator[Path]:
    """A fresh temporary folder in `parent`, removed at the end whatever happens (after a rename it is gone already)."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=INCOMING_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fsync_path(path: Path) -> None:
    """Forces one file or one folder (its list of names) to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Forces every file and folder under `folder`, and itself, to the disk, children before parents."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            fsync_path(Path(parent, name))
        fsync_path(Path(parent))


def rename_into_place(source: Path, target: Path) -> None:
    """One os.rename on the same file system, made durable: readers see the whole of `target` or nothing."""
    source.chmod(0o755)  # mkdtemp makes folders that only their owner can read; servers run as somebody else
    os.rename(source, target)
    fsync_path(target.parent)


def replace_text(path: Path, text: str) -> None:
    """Writes a text file so that readers see the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=INCOMING_PREFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_path(path.parent)
