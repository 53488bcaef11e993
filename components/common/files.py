"""Atomic writes, permissions and encodings of files, and locks between processes."""

from __future__ import annotations

import codecs
import contextlib
import errno
import fcntl
import filecmp
import os
import re
import shlex
import shutil
import sqlite3
import stat
import unicodedata
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote

from components.common.errors import LockHeldError, NerError, quoted

INCOMING_PREFIX = ".incoming-"
"""Prefix of unfinished files and folders. TF Serving skips such folders because their name is not a number."""

UMASK_VARIABLE = "NER_UMASK"
"""Environment variable: the umask of the `ner` command and of containers, for example 022; default 027."""

UNKNOWN_TO_ICONV = [
    *("cp1006", "cp720", "euc_jis_2004", "euc_jisx0213", "hz", "iso2022_jp", "iso2022_jp_1"),
    *("iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_kr", "kz1048"),
    *("mac_greek", "mac_iceland", "mac_latin2", "mac_roman", "mac_turkish", "ptcp154", "shift_jis_2004"),
    "shift_jisx0213",
]
"""Encodings of charset-normalizer that the program iconv does not have, so no error names them."""

_SINGLE_BYTE = "WINDOWS-1252"  # the most frequent encoding of one byte for a character, which has all of ISO-8859-1
_CENTRAL_EUROPEAN = ("Croatian", "Czech", "Hungarian", "Polish", "Romanian", "Slovak", "Slovene")
_FEW_BYTES = 20  # that are not ASCII: too few for a guess
# Languages written in UTF-16 divide characters beyond U+FFFF, and may write each half as if it were UTF-8.
_FROM_HALVES = (
    "python3 -c \"import sys; text = sys.stdin.buffer.read().decode('utf-8', 'surrogatepass'); "
    "sys.stdout.buffer.write(text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace').encode())\""
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # ISO-2022 has escapes (0x1B)
_FEW_CONTROLS = 0.02  # share of a text
_BEFORE, _AFTER = 4_000, 16_000  # bytes around an error that tell an encoding
_CHUNK = 1 << 16
_TABLES, _TEXTS = (".xlsx", ".xls", ".xlsm", ".ods"), (".docx", ".doc", ".odt", ".rtf", ".pptx")
_LEAST_UTF16 = 8  # bytes
_WAIT_SECONDS = 20  # for a writer of an sqlite file to commit, as MLflow does
_targets: dict[str, str] = {}  # temporary folder -> target, also after its end, because errors are explained later


class Packed(NamedTuple):
    """A form of compression or archive that is not read.

    Example:
        >>> packed_by_name("a.conll.xz").fix("data/a.conll.xz")
        'Unpack it, for example with `unxz a.conll.xz`, or pack it with gzip (.gz).'

    Attributes:
        suffix: of names.
        magic: first bytes.
        title: name of the data.
        command: unpacks a file.
    """

    suffix: str
    magic: bytes
    title: str
    command: str

    def fix(self, path: str) -> str:
        """Returns the remedy."""
        return (
            f"Unpack it, for example with `{self.command} {shell_name(Path(path).name)}`, or pack it with gzip (.gz)."
        )


PACKED = (
    Packed(".bz2", b"BZh", "bzip2 data", "bunzip2"),
    Packed(".xz", b"\xfd7zXZ\x00", "xz data", "unxz"),
    Packed(".zst", b"\x28\xb5\x2f\xfd", "zstd data", "unzstd"),
    Packed(".zip", b"PK\x03\x04", "a ZIP archive or an Office document", "unzip"),
    Packed(".7z", b"7z\xbc\xaf", "a 7z archive", "7z x"),
)
"""Forms of compression other than gzip."""


def shell_command(tool: str, path: str) -> str:
    """Returns the command with which a tool reads a file of the present folder, for a shell; `.gz` is unpacked.

    >>> shell_command("wc -l", "data/a b.txt"), shell_command("wc -l", "a.txt.gz")
    ("wc -l 'a b.txt'", 'gunzip -c a.txt.gz | wc -l')
    """
    name = shell_name(Path(path).name)
    return f"gunzip -c {name} | {tool}" if path.lower().endswith(".gz") else f"{tool} {name}"


def shell_name(name: str) -> str:
    """Returns a file name as a shell and its commands read it: in quotes if necessary, and not as an option."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def packed_by_name(path: str) -> Packed | None:
    """Returns the form of compression that a name shows; None for any other name, also `.gz`."""
    return next((packed for packed in PACKED if path.lower().endswith(packed.suffix)), None)


def packed_by_content(head: bytes) -> Packed | None:
    """Returns the form of compression that the first bytes show; None for others, also gzip."""
    return next((packed for packed in PACKED if head.startswith(packed.magic)), None)


def office_remedy(file: IO[bytes], path: str) -> str:
    """Returns the remedy for an Office document (.xlsx, .docx, .ods, .odt); "" for other data.

    Args:
        file: the content, which allows seeking.
        path: its name.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        return office_remedy_by_name(path)
    if any(name.startswith("xl/") for name in names) or b"spreadsheet" in kind:
        return _save_as(path, "CSV")
    if "content.xml" in names or any(name.startswith(("word/", "ppt/")) for name in names):
        return _save_as(path, "text")
    return ""


def office_remedy_by_name(path: str) -> str:
    """Returns the remedy for a file with the extension of an Office document; "" for others.

    >>> office_remedy_by_name("data/rows.xlsx"), office_remedy_by_name("rows.csv")
    ('Save it as CSV (UTF-8), as rows.csv.', '')
    """
    suffix = Path(path).suffix.lower()
    return _save_as(path, "CSV") if suffix in _TABLES else _save_as(path, "text") if suffix in _TEXTS else ""


def _save_as(path: str, kind: str) -> str:
    return f"Save it as {kind} (UTF-8), as {Path(path).stem}{'.csv' if kind == 'CSV' else '.txt'}."


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Keeps files that this process and its children create in the block from other users.

    Artifacts, logs, reports and metadata hold sentences of the corpus. The group may read them. A stricter umask of the
    user stays. `rename_into_place` and `write_atomically(..., shared=True)` make models readable for servers.

    Raises:
        NerError: NER_UMASK is not an octal number.
    """
    configured = os.environ.get(UMASK_VARIABLE, "")
    if not re.fullmatch(r"[0-7]{0,4}", configured):
        raise NerError(f"{UMASK_VARIABLE}: {configured!r} is not a umask. Give an octal number such as 027.")
    before = os.umask(0o077)  # reading it means setting it
    try:
        os.umask(int(configured, 8) if configured else before | 0o027)
        yield
    finally:
        os.umask(before)


def write_atomically(path: str | os.PathLike[str], content: str | bytes, *, shared: bool = False) -> None:
    """Writes a file under a temporary name, syncs it to disk and renames it: readers see the old or the new content.

    A device or pipe, such as /dev/null, gets the content; no file takes its place.

    Args:
        path: local path, or a URL that TFX's file systems know (`gs://...`). Its folder is created.
        content: the whole file; text is encoded as UTF-8.
        shared: whether other users may read the file although the umask excludes them.

    Raises:
        OSError: the folder cannot be written; the error names the file. An existing file is unchanged.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> write_atomically(folder / "champion.json", '{"version": 3}')
        >>> (folder / "champion.json").read_text()
        '{"version": 3}'
    """
    data = content.encode() if isinstance(content, str) else content
    if "://" in os.fspath(path):
        _write_remote(os.fspath(path), data)
        return
    target = Path(path)
    if is_special(target):
        target.write_bytes(data)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    incoming = _incoming_name(target.parent)
    try:
        with named_in_errors(target):
            file = incoming.open("xb")  # unlike tempfile's files it has the mode of the umask
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if shared:
            incoming.chmod(0o644)
        os.replace(incoming, target)
    except OSError as error:
        if error.errno and str(error.filename) in ("None", str(incoming)):  # a full disk has no name
            error.filename = str(target)
        raise
    finally:
        with contextlib.suppress(OSError):  # a read-only folder, whose error is raised already
            incoming.unlink(missing_ok=True)
    fsync_path(target.parent)


@contextlib.contextmanager
def named_in_errors(target: Path) -> Iterator[None]:
    """Names the target in errors of the block, which creates a file or folder with a temporary name next to it."""
    try:
        yield
    except OSError as error:
        error.filename = str(target)
        if error.errno == errno.ENOENT and target.parent.is_dir():  # a folder of the kernel, such as /proc
            error.errno = errno.EACCES
        raise


def is_special(path: Path) -> bool:
    """Returns whether a path is a device, pipe or socket, which no file may replace."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _write_remote(path: str, data: bytes) -> None:
    from tfx.dsl.io import fileio

    fileio.makedirs(os.path.dirname(path))
    with fileio.open(f"{path}.tmp", "wb") as file:
        file.write(data)
    fileio.rename(f"{path}.tmp", path, overwrite=True)


@contextlib.contextmanager
def locked(lock_file: Path, *, wait: bool = True, shared: bool = False) -> Iterator[None]:
    """Holds a lock between the processes of one machine; it does not nest.

    The system releases the lock when its holder dies.

    Args:
        lock_file: created with its folder if absent. It is never deleted, which would be a race.
        wait: whether to wait for another holder.
        shared: whether others may hold the lock at the same time in the same way; otherwise it is exclusive.

    Raises:
        LockHeldError: another process holds the lock, and `wait` is false.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> with locked(folder / "history.lock"):
        ...     write_atomically(folder / "history", "1")
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as handle:
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(handle, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeldError(f"{lock_file}: held by another process. Wait until it has finished.") from None
        yield


@contextlib.contextmanager
def incoming_folder(target: Path, prefix: str = INCOMING_PREFIX) -> Iterator[Path]:
    """Yields a new temporary folder next to `target`, and deletes it afterwards unless it was renamed.

    Args:
        target: path of the complete folder or file, for errors.
        prefix: of the temporary name. Those of `INCOMING_PREFIX` are removed from serving directories and work folders.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.parent / f"{prefix}{uuid.uuid4().hex}"
    with named_in_errors(target):
        folder.mkdir()
    _targets[str(folder)] = str(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def intended_path(path: str) -> str:
    """Returns the target of an unfinished file or folder, for errors; any other path as it is.

    Example:
        >>> with incoming_folder(getfixture("tmp_path") / "model") as folder:
        ...     Path(intended_path(f"{folder}/variables")).name
        'model'
    """
    folder = next((each for each in (path, *map(str, Path(path).parents)) if each in _targets), None)
    return path if folder is None else _targets[folder]


def _incoming_name(parent: Path) -> Path:
    return parent / f"{INCOMING_PREFIX}{uuid.uuid4().hex}"


def link_or_copy(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Makes `target` a hard link to the file `source`, or a copy where the file system has no such link.

    A link shares its content with the source, so use it only for files that nobody changes in place.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another file system, one without hard links, or too many links
        shutil.copy2(source, target)


def link_equal_file(source: Path, copy: Path) -> None:
    """Replaces a copy by a hard link to its source, if the content is equal and the file system has such links."""
    if not copy.is_file() or os.path.samefile(source, copy) or not filecmp.cmp(source, copy, shallow=False):
        return
    incoming = _incoming_name(copy.parent)
    try:
        os.link(source, incoming)
    except OSError:
        return
    os.replace(incoming, copy)


@contextlib.contextmanager
def sqlite_connection(database: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Opens an sqlite file; its statements wait for other processes to commit.

    Args:
        database: the file.
        mode: mode of sqlite's address: `ro`, `rw` or `ro&immutable=1`.
    """
    address = f"file:{quote(str(database))}?mode={mode}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS)) as connection:
        yield connection


def is_writable(path: Path) -> bool:
    """Returns whether this user may write a file, or create files in a folder, and the file system permits it."""
    try:
        read_only = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False
    return not read_only and os.access(path, os.W_OK)


def tree_size(folder: Path) -> int:
    """Returns the bytes of all files under a folder; 0 if there is no such folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def fsync_path(path: Path) -> None:
    """Syncs one file, or the list of names of one folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Syncs a folder and everything below it to disk, children before parents."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            fsync_path(Path(parent, name))
        fsync_path(Path(parent))


def rename_into_place(source: Path, target: Path, *, shared: bool = True) -> None:
    """Renames the folder of a model on the same file system and syncs the rename: readers see all of it or nothing.

    Args:
        source: the complete folder.
        target: its new path.
        shared: whether everything in it becomes readable for other users: servers run as another user.
    """
    if shared:
        share(source)
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.ENOENT:  # something else is there, which the source is not to blame for
            error.filename, error.filename2 = str(target), None
        raise
    fsync_path(target.parent)


def share(folder: Path) -> None:
    """Lets other users read a folder and everything in it; links are not followed."""
    for parent, _, names in os.walk(folder):
        _add_mode(Path(parent), 0o755)
        for name in names:
            _add_mode(Path(parent, name), 0o644)


def make_shared_folder(folder: Path) -> None:
    """Creates a folder that other users may read, and its parents; an existing folder keeps its mode."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        _add_mode(path, 0o755)


def _add_mode(path: Path, bits: int) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode) and mode & bits != bits:
        path.chmod(stat.S_IMODE(mode) | bits)


def encoding_fix(name: str, sample: bytes, at: int) -> str:
    """Returns the remedy for a text that is not UTF-8: a command that converts it, and how a word then reads.

    Example:
        >>> encoding_fix("a.txt", "in Zürich".encode("cp1252"), 4)
        "Convert it, for example with `iconv -f WINDOWS-1252 -t UTF-8 a.txt > NEW`, which reads 'Zürich'."

    Args:
        name: name of the file.
        sample: some of its bytes.
        at: offset of the first invalid byte in the sample.
    """
    if len(_CONTROLS.findall(sample)) > _FEW_CONTROLS * len(sample):
        return "The file is binary, or UTF-16 without a byte order mark. Export it as UTF-8 text."
    if re.match(rb"\xed[\xa0-\xbf][\x80-\xbf]", sample[at:]):
        halves = "It has halves of characters, as Java writes emoji (CESU-8)."
        return f"{halves} Convert it: `{shell_command('cat', name)} | {_FROM_HALVES} > NEW`."
    if not sample[:at].isascii():
        command = shell_command("iconv -c -t UTF-8", name)
        return f"The text before it is UTF-8. Correct the line, or drop such bytes: `{command} > NEW`."
    encoding = _likely_encoding(sample)
    ends = [match.start() for match in re.finditer(rb"[\s,;|]", sample)]
    begin = max((end + 1 for end in ends if end < at), default=0)
    word = sample[begin : min((end for end in ends if end > at), default=len(sample))].decode(encoding, "replace")
    command = shell_command(f"iconv -f {encoding} -t UTF-8", name)
    return f"Convert it, for example with `{command} > NEW`, which reads {quoted(word, 40)}."


def encoding_fix_of(file: IO[bytes], name: str) -> str:
    """Returns the remedy for the first bytes of a file that are not UTF-8; "" if there are none.

    Example:
        >>> import io
        >>> encoding_fix_of(io.BytesIO("in Zürich".encode("cp1252")), "a.txt")
        "Convert it, for example with `iconv -f WINDOWS-1252 -t UTF-8 a.txt > NEW`, which reads 'Zürich'."

    Args:
        file: its content, unpacked.
        name: its name or path.
    """
    decoder, before = codecs.getincrementaldecoder("utf-8")(), b""
    while chunk := file.read(_CHUNK):
        begin = len(before) - len(decoder.getstate()[0])  # of the decoded bytes: a character may be in both parts
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            at = begin + error.start
            skipped = max(at - _BEFORE, 0)
            return encoding_fix(name, (before + chunk + file.read(_AFTER))[skipped : at + _AFTER], at - skipped)
        before = chunk[-_BEFORE:]
    return ""


def _likely_encoding(sample: bytes) -> str:
    """Returns the likely encoding of a text, by the name that iconv and Python know.

    charset-normalizer tells scripts other than Latin apart, but Western languages not reliably.
    """
    from charset_normalizer import from_bytes

    if sum(byte > 0x7F for byte in sample) < _FEW_BYTES:
        return _SINGLE_BYTE
    # Tags in Latin letters hide an alphabet of one byte a character.
    texts = (sample, re.sub(rb"[!-~]+", b"", sample))
    guess = next((best for text in texts if (best := from_bytes(text, cp_exclusion=UNKNOWN_TO_ICONV).best())), None)
    if guess is None:
        return _SINGLE_BYTE
    letters = [char for char in str(guess) if char.isalpha() and not char.isascii()]
    if sum("LATIN" not in unicodedata.name(char, "LATIN") for char in letters) > len(letters) / 2:
        return guess.encoding.replace("_", "-").upper().replace("UTF-16-", "UTF-16")
    is_central = guess.encoding == "cp1250" and guess.language in _CENTRAL_EUROPEAN
    return "WINDOWS-1250" if is_central else _SINGLE_BYTE


def utf16_without_mark(head: bytes) -> str:
    r"""Returns the name of UTF-16 without a byte order mark: every second byte is NUL in most texts; empty for others.

    Args:
        head: first bytes of a file, an even number of them if the file has more.

    Example:
        >>> utf16_without_mark("Oslo B-LOC".encode("utf-16-le")), utf16_without_mark(b"Oslo\0B-LOC")
        ('UTF-16LE', '')
    """
    even, odd = head[::2].count(0), head[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if len(head) < _LEAST_UTF16 or 4 * most < len(head) or 10 * least > most:
        return ""
    return "UTF-16LE" if odd > even else "UTF-16BE"
