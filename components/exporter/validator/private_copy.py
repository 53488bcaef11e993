"""Private copies of foreign models: the bytes that are checked are the bytes that are loaded.

Nobody else can change a copy between the check and the load, and it holds regular files of the model only: no links, no
devices, no pipes.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from components.common.errors import NerError
from components.common.faults import MachineError
from components.common.files import intended_path
from components.exporter.errors import UnsafeModelError

_BLOCK = 1 << 20
_MOST_FILES = 10_000  # links to folders could make a tree without end
_copies: dict[Path, str] = {}  # copy -> its original


@contextlib.contextmanager
def private_copy(model_dir: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a copy that only this process uses, with the name of the original; a copy of a copy is the copy itself.

    Errors of the block name the original.

    Args:
        model_dir: a SavedModel, or a single file. A path without a file is yielded as it is.

    Raises:
        UnsafeModelError: the folder holds a link that leaves it, or a special file.
        MachineError: there is no room for a copy.

    Example:
        >>> folder = getfixture("tmp_path") / "model"
        >>> folder.mkdir()
        >>> _ = (folder / "saved_model.pb").write_bytes(b"graph")
        >>> with private_copy(folder) as copy:
        ...     copy.name, (copy / "saved_model.pb").read_bytes(), copy == folder
        ('model', b'graph', False)
    """
    source = Path(model_dir).absolute()
    if not source.exists() or not _copies.keys().isdisjoint({source, *source.parents}):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="model-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch, source.name)
        copy_model(source, copy)
        _copies[copy] = os.fspath(model_dir)
        try:
            yield copy
        except NerError as error:
            error.args = (original_paths(str(error)),)
            raise
        finally:
            del _copies[copy]


def original_paths(text: str) -> str:
    """Returns a text in which the originals replace the paths of private copies."""
    for copy, original in [*_copies.items()]:  # other threads may add copies
        text = text.replace(str(copy), original)
    return text


@contextlib.contextmanager
def checked_copy(model_dir: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a private copy that passed `check_safety` in this process.

    This process has TensorFlow's C library afterwards; elsewhere use `fresh_process.require_safe`.

    Raises:
        UnsafeModelError: the model may not be loaded.
    """
    from components.exporter.validator.probe.checks import check_safety
    from components.exporter.validator.probe.endpoint import Context
    from components.exporter.validator.probe.pitfalls import CheckFailedError

    with private_copy(model_dir) as copy:
        try:
            check_safety(Context(copy, {}, (), {}))
        except CheckFailedError as error:
            raise UnsafeModelError(f"{model_dir}: {error.pitfall}: {error.detail}. {error.fix}") from error
        yield copy


def copy_model(source: Path, destination: Path) -> None:
    """Copies a model; links inside the folder become files.

    Args:
        source: a SavedModel, or a single file.
        destination: must not exist.

    Raises:
        NerError: see `private_copy`; the copy is removed.
    """
    root = Path(os.path.realpath(source))
    listed = _files(root, root, "", (root,)) if root.is_dir() else iter([(root, ".")])
    files = list(itertools.islice(listed, _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        raise UnsafeModelError(f"{source}: holds more than {_MOST_FILES:,} files. Give the folder of one SavedModel.")
    needed = sum(path.stat().st_size for path, _ in files)
    free = shutil.disk_usage(destination.parent).free
    if needed > free:
        from rich.filesize import decimal

        place, cure = intended_path(str(destination)), "give a target on another disk"
        if place == str(destination):  # a private copy
            place, cure = tempfile.gettempdir(), "set TMPDIR to a folder on another disk"
        raise MachineError(
            f"{place}: a copy of {source} needs {decimal(needed)}, and the disk has {decimal(free)} free. Free "
            f"space, or {cure}."
        )
    try:
        if root.is_dir():
            destination.mkdir()
        for path, name in files:
            target = destination / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_file(root, path, target)
    except BaseException:
        shutil.rmtree(destination, ignore_errors=True)
        raise


def _files(root: Path, folder: Path, prefix: str, parents: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """Yields (path without links, relative name) of every file."""
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        name, target = prefix + entry.name, Path(os.path.realpath(entry.path))
        if root not in target.parents:
            raise _unsafe(root, name, f"a link to {str(target)[:200]!r}, outside the folder")
        try:
            mode = target.stat().st_mode
        except OSError as error:
            raise _unsafe(root, name, error.strerror or "not readable") from error
        if stat.S_ISDIR(mode):
            if target in parents:
                raise _unsafe(root, name, "a link to a folder around it")
            yield from _files(root, target, f"{name}/", (*parents, target))
        elif stat.S_ISREG(mode):
            yield target, name
        else:
            raise _unsafe(root, name, "a device, a pipe or a socket")


def _copy_file(root: Path, path: Path, target: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as reader, target.open("xb") as writer:
        # The folder may have changed since it was listed.
        opened = Path(os.path.realpath(f"/proc/self/fd/{descriptor}")) if Path("/proc/self/fd").is_dir() else path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or (root != opened and root not in opened.parents):
            raise _unsafe(root, target.name, "it changed while it was copied")
        shutil.copyfileobj(reader, writer, _BLOCK)


def _unsafe(root: Path, name: str, problem: str) -> UnsafeModelError:
    return UnsafeModelError(
        f"{root}: {name[:200]}: {problem} (unsafe_files). Copy the files of the model into its folder."
    )
