"""Faults of the machine and damaged files, explained as errors for the user: path, free space, cure.

Read `explained` first. An exception that nothing here explains is a defect.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from components.common.errors import NerError, shortened
from components.common.files import intended_path
from components.common.masking import mask

EXPLAINED, UNEXPLAINED = 1, 70
"""Exit codes of a failed node: another try would meet the same error, or it may succeed (`EX_SOFTWARE`)."""


class MachineError(NerError):
    """A full or read-only disk, a missing permission, a damaged file, no memory, no network."""


class _Fault(NamedTuple):
    """One kind of fault.

    Attributes:
        numbers: of the operating system.
        problem: in words.
        cure: in words.
        phrases: pattern of texts of libraries, other than those of the numbers.
        writing: whether it concerns the target of a copy.
        subject: of a fault without a path; empty: the folders of the run.
    """

    numbers: tuple[int, ...]
    problem: str
    cure: str
    phrases: str = ""
    writing: bool = False
    subject: str = ""

    def is_in(self, text: str) -> bool:
        """Returns whether a text of a library, which passes on no number, names the fault."""
        phrases = [*(re.escape(os.strerror(number)) for number in self.numbers), *filter(None, [self.phrases])]
        return re.search("|".join(phrases), text) is not None


_ANOTHER_FOLDER = "or give another folder (`ner run`: --set work_dir=DIR)"
_AGAIN = "then start the same command again"
_FAULTS = (
    _Fault(
        (errno.ENOSPC,),
        "the disk is full",
        f"Free space (`ner clean` removes old runs and versions), {_ANOTHER_FOLDER} (TMPDIR moves temporary files)",
        r"database or disk is full|not enough free space",
        writing=True,
    ),
    _Fault(
        (errno.EDQUOT,),
        "your disk quota is used up",
        f"Remove files of yours (`ner clean` removes old runs and versions), {_ANOTHER_FOLDER}",
        writing=True,
    ),
    _Fault(
        (errno.EFBIG,),
        "the file exceeds the size that the system permits",
        "Raise the limit (`ulimit -f`), or use a file system for large files",
        writing=True,
    ),
    _Fault(
        (errno.EROFS,),
        "cannot be written (read-only file system)",
        f"Mount it writable, {_ANOTHER_FOLDER}",
        r"readonly database",
        writing=True,
    ),
    _Fault((errno.EACCES, errno.EPERM), "permission denied", f"Give this user the right to it, {_ANOTHER_FOLDER}"),
    _Fault(
        (errno.EMFILE, errno.ENFILE), "too many files are open", "Raise the limit, for example with `ulimit -n 65536`"
    ),
    _Fault((errno.ENOTDIR,), "a part of the path is a file, not a folder", "Move the file away, or correct the path"),
    _Fault((errno.EISDIR,), "it is a folder, not a file", "Move the folder away, or correct the path"),
    _Fault((errno.EEXIST, errno.ENOTEMPTY), "something else exists there", "Move it away, or give another path"),
    _Fault((errno.ENAMETOOLONG,), "the name is too long for the file system", "Use a shorter path or name"),
    _Fault(
        (errno.EIO, errno.EREMOTEIO),
        "the disk or the network file system reports an I/O error",
        f"Check the disk (`dmesg`) or the mount; {_AGAIN}",
        r"disk I/O error",
    ),
    _Fault(
        (errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN),
        "the network file system no longer responds",
        f"Mount it again; {_AGAIN}",
    ),
    _Fault((errno.ELOOP,), "the link points at itself", "Correct the link"),
    _Fault(
        (errno.ENOMEM,),
        "there is not enough memory",
        "Close other programs, use a machine with more memory, or lower trainer.batch_size",
        r"\bOOM when allocating|bad_alloc|out of memory",
        subject="memory",
    ),
    _Fault((errno.ENOLCK,), "the file system has no locks", f"Enable locks for the mount, {_ANOTHER_FOLDER}"),
    _Fault(
        (errno.ENOENT,),
        "it does not exist",
        "Check the path. If another process has removed it, start the same command again",
        r"unable to open database file",
    ),
    _Fault(
        (),
        "another process uses the database",
        f"Wait until it has finished; {_AGAIN}",
        r"database is locked|database table is locked",
    ),
    _Fault(
        (),
        "the database is damaged",
        "Restore a copy of it, or set it aside",
        r"database disk image is malformed|file is not a database|subset of tables in MLMD instance",
    ),
    _Fault(
        (),
        "another version of ML Metadata wrote the metadata of the runs",
        "Use the stack that wrote it, or another --set work_dir=DIR",
        r"MLMD database version|schema_version",
    ),
    _Fault(
        (errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN),
        "a server cannot be reached",
        f"Check its address and the network; {_AGAIN}",
        r"Max retries exceeded|Name or service not known|Temporary failure in name resolution|[Rr]ead timed out"
        r"|[Cc]onnect[^\n]{0,40} timed out",
        subject="network",
    ),
)
_CAPACITY = frozenset({errno.ENOSPC, errno.EDQUOT})

# Names of exceptions of libraries for content that cannot be read. Importing them would cost seconds.
_DAMAGED = frozenset(
    {
        "BadGzipFile", "BadZipFile", "DataLossError", "DecodeError", "UnpicklingError", "LZMAError", "zlib.error",
    }
)  # fmt: skip
_DAMAGED_TEXT = re.compile(
    r"Compressed file ended before|SavedModel file does not exist|Cannot parse file"
    r"|Unable to (synchronously )?open file|truncated (record|file)|corrupted record|[Cc]hecksum does not match"
    r"|not an sstable"
)
_PATH_AFTER = re.compile(r"\[Errno \d+\] [^:'\"\n]+: (?:'([^'\n]+)'|\"([^\"\n]+)\")(?: -> '([^'\n]+)')?")
_PATH_ANYWHERE = re.compile(r"(?<![\w./-])(/[^\s'\";,:)]+)")
# `package.module.SomeError: text`, as the traceback of a Beam worker in another process ends.
_RAISED_ELSEWHERE = re.compile(
    r"^(?:components|configs|pipeline)\.[\w.]+Error: (.+?)(?: \[while running .*)?$", re.MULTILINE
)
_TEMPORARY = re.compile(r"/\.[^/]*-[0-9a-f]{32}(/.*)?$", re.DOTALL)
_LONGEST_TEXT = 300


@contextlib.contextmanager
def explained(folders: Mapping[str, Path] | None = None) -> Iterator[None]:
    """Converts faults of the machine in the block to errors for the user; others pass unchanged.

    Args:
        folders: setting -> folder, to name if a fault names no path.

    Raises:
        NerError: a fault of the machine; the original exception is its cause.

    Example:
        >>> with explained():
        ...     Path("/proc/version/model").read_text()
        Traceback (most recent call last):
        components.common.faults.MachineError: /proc/version/model: a part of the path is a file, not a folder...
    """
    try:
        yield
    except NerError:
        raise
    except Exception as error:
        explanation = explain(error, folders)
        if explanation is None:
            raise
        raise explanation from error


def explain(error: BaseException, folders: Mapping[str, Path] | None = None) -> NerError | None:
    """Returns the error for the user that an exception stands for; None if it is a defect.

    Args:
        error: any exception; its causes count as well, because TFX, Beam and SQLAlchemy wrap exceptions.
        folders: as in `explained`.
    """
    for one in _chain(error):
        if isinstance(one, NerError):
            return one
        if messages := _RAISED_ELSEWHERE.findall(str(one)):
            return NerError(messages[-1])
        text = _explain_one(one, folders or {})
        if text is not None:
            return MachineError(text)
    return None


@contextlib.contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Converts errors of a library that reads a file or folder in the block: they have any type and rarely a path.

    Raises:
        MachineError: the block raised an exception other than a `NerError`.

    Example:
        >>> with reading("model/variables"):
        ...     raise IndexError("Read less bytes than requested")
        Traceback (most recent call last):
        components.common.faults.MachineError: model/variables: damaged or incomplete (IndexError: Read less ...
    """
    try:
        yield
    except NerError:
        raise
    except Exception as error:
        explanation = _explain_one(error, {"file": Path(path)})
        raise MachineError(explanation or _damaged(error, str(error), os.fspath(path))) from error


def full_disk(text: str) -> MachineError | None:
    """Returns the error for the full disk that the output of another process names; None if it names none.

    Example:
        >>> full_disk("writing: No space left on device") is None, full_disk("Killed") is None
        (False, True)
    """
    fault = _of_text(text)
    if fault is None or not set(fault.numbers) & _CAPACITY:
        return None
    line = next(line for line in reversed(text.splitlines()) if fault.is_in(line))
    return MachineError(_sentence(fault, _path_in(line, True), line, {}) or "")


def free_space(path: Path) -> int | None:
    """Returns the free bytes for this user on the file system of a path, which need not exist; None if unknown."""
    with contextlib.suppress(OSError):
        usage = os.statvfs(_nearest(path))
        return usage.f_bavail * usage.f_frsize if usage.f_blocks else None
    return None


def usable_processors() -> int:
    """Returns the number of processors that this process may use; of all where the system does not say (macOS)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def megabytes(size: float) -> str:
    """Returns a size in words.

    >>> megabytes(1_234_000_000)
    '1,234 MB'
    """
    return f"{size / 1e6:,.0f} MB"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__


def _explain_one(error: BaseException, folders: Mapping[str, Path]) -> str | None:
    """Returns path, problem and cure; None if the exception is not a fault of the machine."""
    if isinstance(error, MemoryError):
        return _sentence(_of_number(errno.ENOMEM), "", str(error), folders)
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        source, target, reason = error.args[0][0]
        fault = _of_text(str(reason))
        return fault and _sentence(fault, str(target if fault.writing else source), str(reason), folders)
    if isinstance(error, OSError) and error.errno is not None and (fault := _of_number(error.errno)):
        names = (error.filename2, error.filename) if fault.writing else (error.filename, error.filename2)
        path = next((os.fsdecode(name) for name in names if isinstance(name, str | bytes | os.PathLike)), "")
        return _sentence(fault, path, str(error), folders)
    kinds = {kind.__name__ for kind in type(error).__mro__} | {f"{type(error).__module__}.{type(error).__name__}"}
    text = str(error)
    if kinds & _DAMAGED or (isinstance(error, OSError | EOFError | RuntimeError) and _DAMAGED_TEXT.search(text)):
        return _damaged(error, text)
    if isinstance(error, ArithmeticError | AssertionError | LookupError | TypeError | NameError):
        return None
    fault = _of_text(text)
    if fault is None:
        return None
    line = next(line for line in reversed(text.splitlines()) if fault.is_in(line))
    return _sentence(fault, _path_in(line, fault.writing), line, folders)


def _of_number(number: int) -> _Fault | None:
    return next((fault for fault in _FAULTS if number in fault.numbers), None)


def _of_text(text: str) -> _Fault | None:
    return next((fault for fault in _FAULTS if fault.is_in(text)), None)


def _sentence(fault: _Fault | None, path: str, text: str, folders: Mapping[str, Path]) -> str | None:
    if fault is None:
        return None
    path = _TEMPORARY.sub("", intended_path(path))  # the user did not choose that name, and it is removed
    details = []
    if set(fault.numbers) & _CAPACITY:
        details += _space([path] if path else [*map(str, folders.values()), os.getcwd(), tempfile.gettempdir()])
    if errno.EACCES in fault.numbers and path:
        details.append(_owner(path))
    if not path:
        details += [_one_line(text)] if text else []
        named = ", ".join(f"{name} {folder}" for name, folder in folders.items())
        path = fault.subject or named or "file system"
    in_brackets = f" ({'; '.join(details)})" if details else ""
    return f"{path}: {fault.problem}{in_brackets}. {fault.cure}."


def _space(paths: Iterable[str]) -> list[str]:
    """Returns the free space, once for each file system."""
    lines: dict[int, str] = {}
    for path in paths:
        free = free_space(Path(path))
        if free is not None:
            lines.setdefault(_nearest(Path(path)).stat().st_dev, f"{megabytes(free)} free at {path}")
    return list(lines.values())


def _nearest(path: Path) -> Path:
    """Returns a path if it exists and this user may see it, else the nearest parent of which this is true."""
    return next(part for part in (path, *path.absolute().parents) if os.path.exists(part))


def _owner(path: str) -> str:
    """Returns owner and mode of a path, and this user."""
    part = _nearest(Path(path))
    status = part.stat()
    mode = stat.filemode(status.st_mode)
    return f"{part} has mode {mode} and owner {status.st_uid}:{status.st_gid}; this user is {os.getuid()}"


def _damaged(error: BaseException, text: str, path: str = "") -> str:
    name = path or _path_in(text, False) or "a file that was read"
    return (
        f"{name}: damaged or incomplete ({type(error).__name__}: {_one_line(text)}). Restore it; `ner registry sync` "
        "restores served models, and `ner run` makes artifacts again after you remove the damaged one."
    )


def _path_in(text: str, target: bool) -> str:
    """Returns the first path in a text; of a copy, its source or its target."""
    if match := _PATH_AFTER.search(text):
        paths = [path for path in (match[1], match[2], match[3]) if path]
        return paths[-1] if target else paths[0]
    paths = [path.rstrip(".") for path in _PATH_ANYWHERE.findall(text)]
    return next((path for path in paths if not path.endswith(".py")), "")


def _one_line(text: str) -> str:
    return shortened(" ".join(mask(text).split()), _LONGEST_TEXT)  # a cut address could no longer be masked
