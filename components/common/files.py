"""Writing a file whole or not at all."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.evaluator.errors import EvaluationError
from components.registry.errors import LockHeldError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file under another name, has it reach the disk, and renames it into place.

    Args:
        path: the file; one that is there is replaced.
        content: all of it.

    Raises:
        OSError: the folder cannot be written.
    """
    incoming = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with incoming.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(path)
    finally:
        incoming.unlink(missing_ok=True)


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


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (1-based line, object) of a file; `.gz` is unpacked, empty lines are left out.

    Raises:
        EvaluationError: the file cannot be read, or a line is no JSON object.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _parse(path, number, line)
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error.strerror or error}); give a file of JSON lines"
        ) from error


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:  # bytes that are no UTF-8, too
        raise EvaluationError(f"{path}:{number}: is no whole JSON value ({error}); write one object a line") from error
    if not isinstance(record, dict):
        raise EvaluationError(f"{path}:{number}: is a JSON {type(record).__name__}; write one object a line")
    return record
