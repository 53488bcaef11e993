"""Content, text and lines of a corpus file."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from components.common.errors import counted
from components.common.files import (
    encoding_fix,
    office_remedy,
    packed_by_content,
    shell_command,
    shell_name,
    utf16_without_mark,
)
from components.common.json_lines import describe_control
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.file_content import FileContent, read_chunks

_GZIP_MAGIC = b"\x1f\x8b"
_NO_TEXT = {
    b"%PDF-": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"{\\rtf": "an RTF document",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "a picture",
    b"\x80\x04\x95": "a pickle of Python",
    b"\x80\x05\x95": "a pickle of Python",
}
"""First bytes of files that are not texts, and their kind: such a file may be named `train.conll` by mistake."""
_LFS = b"version https://git-lfs"
_TAR, _TAR_AT = b"ustar", 257
_MAGIC = 512  # bytes
_FREE = 10_000_000  # unpacked bytes that any ratio may have: repeated sentences compress well
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 1 << 20  # characters
_MARKS = re.compile(b"(?:%b)+" % codecs.BOM_UTF8)
_MOST_MARKS = 4
_BEFORE, _AROUND = 4_000, 16_000  # bytes that tell an encoding
_SAMPLE = 1 << 12  # bytes that show UTF-16
_NEXT_LINE = "\x85"  # white space, but also the ellipsis of Windows-1252
# HTML reads these control characters so, since a text in Windows-1252 was taken for Latin-1. Five stand for nothing.
_WINDOWS = {
    chr(byte): bytes([byte]).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in b"\x81\x8d\x8f\x90\x9d"
}
_CONTROL = re.compile("[\x80-\x9f]")
_ESCAPED_CONTROL = re.compile(r"(?<!\\)((?:\\\\)*)\\u(00[89][0-9a-fA-F])")  # in JSON
_ESCAPES = (b"\\u008", b"\\u009")


class CorpusText:
    r"""Text of a corpus file, read as a stream any number of times.

    Only LF, CR LF and CR end lines, the latter in a file without LF. str.splitlines also cuts at U+0085, U+2028 and
    others, which are part of a token. A file with CR line ends may end with one LF, which an editor or `echo` added.

    Example:
        >>> text = CorpusText("a.conll", FileContent([b"Peru B-LOC\r\n", b"won O"]))
        >>> list(text.lines()), text.line_count, text.has_controls
        ([(1, 'Peru B-LOC'), (2, 'won O')], 2, False)

    Attributes:
        has_controls: whether a control character occurs, white space excluded.
    """

    def __init__(self, path: str, content: FileContent) -> None:
        """Checks the encoding in one pass.

        Args:
            path: the file, for errors.
            content: its bytes, unpacked.

        Raises:
            CorpusError: the file is not UTF-8, or has NUL bytes.
        """
        if content.head(4) in _UTF32_MARKS:
            raise CorpusError(path, 1, "found UTF-32 text", _iconv(path, "UTF-32"))
        if content.head(2) in _UTF16_MARKS:
            raise CorpusError(path, 1, "found UTF-16 text", _iconv(path, "UTF-16"))
        if name := utf16_without_mark(content.head(_SAMPLE)):
            raise CorpusError(path, 1, f"found {name} text without a byte order mark", _iconv(path, name))
        scan = _Scan()
        for chunk in content.chunks():
            scan.add(chunk)
        scan.finish()
        scan.check(path, content)
        self.has_controls = scan.has_controls
        self._has_escapes = scan.has_escapes
        self._windows: tuple[re.Pattern[str], ...] = ()  # patterns of the controls that are read as Windows-1252
        self._content, self._lines = content, scan.lines
        head = content.head(_MOST_MARKS * len(codecs.BOM_UTF8))
        marks = _MARKS.match(head)  # a tool may put one before that of another tool
        self._start = marks.end() if marks else 0
        self._translates = scan.has_cr and not scan.has_lf

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yields (1-based number, line without its line end)."""
        with self._open() as file:
            for number, line in enumerate(file, 1):
                yield number, self._repaired(line.rstrip("\r\n"))

    @cached_property
    def line_count(self) -> int:
        """Number of lines."""
        if self._translates or self._content.size == self._start:
            return sum(1 for _ in self.lines())
        return self._lines

    @cached_property
    def head(self) -> str:
        """The first lines: whole ones, of a million characters or more if the file has them, and not only space."""
        with self._open() as file:
            head = file.read(_HEAD) + file.readline()
            while not head.strip() and (more := file.read(_HEAD)):
                head += more + file.readline()
        return head

    def read(self) -> str:
        """Returns the whole text, for formats that need it, with LF or CR LF at the ends of lines."""
        with self._open() as file:
            return self._repaired(file.read())

    def repair_controls(self, *, is_json: bool = False) -> tuple[int, str] | None:
        r"""Reads control characters from now on as the characters of Windows-1252 that they stand for.

        The length of the text stays. U+0085 is white space unless there are others.

        Args:
            is_json: whether `\u0092` stands for a character, too.

        Returns:
            The first line with one and a description; None if there is none.

        Example:
            >>> text = CorpusText("a.conll", FileContent(["It\u0092s O".encode()]))
            >>> text.repair_controls(), text.read()
            ((1, 'read 1 control character as Windows-1252, such as U+0092 as ’'), 'It’s O')
        """
        patterns = ([_CONTROL] if self.has_controls else []) + [_ESCAPED_CONTROL] * (is_json and self._has_escapes)
        count, first = 0, (0, "")
        for number, line in self.lines() if patterns else ():
            for pattern in patterns:
                for match in pattern.finditer(line):
                    char = match[0] if pattern is _CONTROL else chr(int(match[2], 16))
                    if char in _WINDOWS and char != _NEXT_LINE:
                        first = first if count else (number, char)
                        count += 1
        if not count:
            return None
        self._windows = tuple(patterns)
        shown = f"U+{ord(first[1]):04X} as {_WINDOWS[first[1]]}"
        return first[0], f"read {counted(count, 'control character')} as Windows-1252, such as {shown}"

    def _repaired(self, text: str) -> str:
        for pattern in self._windows:
            text = pattern.sub(_windows_character, text)
        return text

    def _open(self) -> io.TextIOWrapper:
        file = self._content.open()
        file.read(self._start)  # the byte order mark
        return io.TextIOWrapper(file, encoding="utf-8", newline=None if self._translates else "\n")


def _windows_character(match: re.Match[str]) -> str:
    if match.re is _CONTROL:
        return _WINDOWS.get(match[0], match[0])
    char = chr(int(match[2], 16))
    return match[1] + _WINDOWS[char] if char in _WINDOWS else match[0]


class _Place(NamedTuple):
    """Place of a byte: its offset, its line, and the byte."""

    offset: int
    line: int
    value: int


class _Scan:
    """Pass over the bytes of a file that finds bytes other than UTF-8 text, in constant memory."""

    def __init__(self) -> None:
        self.lines = 0  # that LF ends, and the rest
        self.has_cr = self.has_lf = self.has_controls = False  # has_lf: before the line ends at the end of the file
        self.has_escapes = False  # whether JSON may write a control character U+0080 to U+009F
        self._end = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._size = self._nuls = 0
        self._last = b""
        self._ends_in_lf = False  # whether an LF is among the line ends at the end of what was read
        self._nul: _Place | None = None
        self._invalid: _Place | None = None

    def add(self, chunk: bytes) -> None:
        """Reads the next bytes."""
        if self._nul is None and (at := chunk.find(b"\0")) >= 0:
            self._nul = self._place(chunk, at)
        self._nuls += chunk.count(b"\0")
        self._decode(chunk)
        begin = self._end + chunk[: len(_ESCAPES[0])]
        self.has_escapes = self.has_escapes or any(escape in part for escape in _ESCAPES for part in (begin, chunk))
        self._end = (begin if len(chunk) < len(_ESCAPES[0]) else chunk)[-len(_ESCAPES[0]) :]
        body = chunk.rstrip(b"\r\n")
        self.has_cr = self.has_cr or b"\r" in chunk
        self.has_lf = self.has_lf or (bool(body) and (self._ends_in_lf or b"\n" in body))
        self._ends_in_lf = (self._ends_in_lf and not body) or b"\n" in chunk[len(body) :]
        self.lines += chunk.count(b"\n")
        self._size += len(chunk)
        self._last = chunk[-1:]

    def finish(self) -> None:
        """Ends the file."""
        self._decode(b"", final=True)
        self.lines += self._last not in (b"", b"\n")

    def check(self, path: str, content: FileContent) -> None:
        """Raises an error if the file is not text.

        Args:
            path: the file.
            content: its bytes.
        """
        # One NUL byte is a fault of its line, many are another encoding or not text.
        nul, invalid = self._nul, self._invalid
        if nul and (nul < invalid if invalid else self._nuls * 10 > self._size):
            problem = f"found a NUL byte, so the file is not text, at byte offset {nul.offset}"
            raise CorpusError(path, nul.line, problem, "Corpora are UTF-8 text. Export the corpus as such.")
        if invalid:
            problem = f"found byte 0x{invalid.value:02X}, which is not UTF-8, at byte offset {invalid.offset}"
            raise CorpusError(path, invalid.line, problem, _converted(path, invalid.offset, content))

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        if self._invalid:
            return
        kept = len(self._decoder.getstate()[0])  # bytes of a character that the last chunk began
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            place = self._place(chunk, error.start - kept)
            self._invalid = place._replace(value=error.object[error.start])
        else:
            self.has_controls = self.has_controls or describe_control(text) is not None

    def _place(self, chunk: bytes, at: int) -> _Place:
        """Returns the place of a byte of the next chunk, or just before it."""
        return _Place(self._size + at, self.lines + chunk.count(b"\n", 0, max(at, 0)) + 1, 0)


def load_content(
    path: str,
    data: FileContent | bytes | None = None,
    *,
    max_bytes: int | None = None,
    max_ratio: float | None = None,
) -> FileContent:
    """Returns the content of a corpus file; `.gz` files are decompressed.

    Args:
        path: the file; errors name it, and its extension marks a compressed file.
        data: content of the file, if the caller has read it (from another file system).
        max_bytes: most bytes of a decompressed file (`corpus.max_unpacked_bytes`); None: no limit.
        max_ratio: most bytes to one compressed byte (`corpus.max_compression_ratio`), from 10 MB on; None: no limit.

    Raises:
        CorpusError: the file cannot be read or decompressed, or exceeds a limit.
    """
    if data is None:
        data = read_file(path)
    elif isinstance(data, bytes):
        data = FileContent([data])
    is_packed = path.lower().endswith(".gz")
    data = FileContent(_unpacked(path, data, max_bytes, max_ratio)) if is_packed else data
    head = data.head(_MAGIC)
    if head.startswith(_GZIP_MAGIC):
        if is_packed:
            raise CorpusError(path, None, "found gzip data inside gzip data", "Unpack it once, with `gunzip`.")
        fix = "Unpack it with `tar xf`." if path.lower().endswith(".tgz") else "Rename the file to end in .gz."
        raise CorpusError(path, None, "found gzip data", fix)
    if head[_TAR_AT:].startswith(_TAR):
        fix = f"Unpack it, for example with `tar xf {shell_name(Path(path).name)}`; --data names the folder."
        raise CorpusError(path, None, "found a tar archive, which is not read", fix)
    if head.startswith(_LFS):
        raise CorpusError(path, 1, "found a pointer of Git LFS, not the file", "Fetch it with `git lfs pull`.")
    if (packed := packed_by_content(head)) and (fix := office_remedy(data.open(), path)):
        raise CorpusError(path, None, "found an Office document, which is not read", fix)
    if packed:
        raise CorpusError(path, None, f"found {packed.title}, which is not read", packed.fix(path))
    if name := next((name for magic, name in _NO_TEXT.items() if head.startswith(magic)), ""):
        fix = "Export the corpus as text; --data names a file or a folder of them."
        raise CorpusError(path, None, f"found {name}, which is not read", fix)
    return data


def read_file(path: str) -> FileContent:
    """Returns the content of a local file.

    Raises:
        CorpusError: the file cannot be read.
    """
    return FileContent(_read(path))


def _read(path: str) -> Iterator[bytes]:
    try:
        with Path(path).open("rb") as file:
            yield from read_chunks(file)
    except OSError as error:
        fix = "Check the path and its permissions."
        raise CorpusError(path, None, f"cannot read the file ({error.strerror})", fix) from error


def iter_lines(text: str) -> Iterator[tuple[int, str]]:
    r"""Yields (1-based number, line without its line end); lines end in LF or CR LF.

    >>> list(iter_lines("a\r\nb"))
    [(1, 'a'), (2, 'b')]
    """
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield number, text[start:end].rstrip("\r")
        start, number = end + 1, number + 1


def _unpacked(path: str, data: FileContent, max_bytes: int | None, max_ratio: float | None) -> Iterator[bytes]:
    """Decompresses all members of a gzip file, and stops at a limit, before the rest takes space."""
    size = 0
    try:
        with gzip.GzipFile(fileobj=data.open()) as file:
            for chunk in read_chunks(file):  # type: ignore[arg-type]  # reads like any other binary file
                size += len(chunk)
                if max_bytes is not None and size > max_bytes:
                    problem = f"the file unpacks to more than {max_bytes:,} bytes"
                    fix = "Divide the file, or raise corpus.max_unpacked_bytes."
                    raise CorpusError(path, None, problem, fix)
                if max_ratio is not None and size > max(max_ratio * data.size, _FREE):
                    problem = f"its {data.size:,} bytes unpack to more than {max_ratio:g} times as many, unlike text"
                    fix = "Check the origin of the file. If it is intended, raise corpus.max_compression_ratio."
                    raise CorpusError(path, None, problem, fix)
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        fix = "Compress it again with gzip, or remove .gz from its name."
        raise CorpusError(path, None, f"found an incomplete or invalid gzip file ({error})", fix) from error


def _converted(path: str, offset: int, content: FileContent) -> str:
    """Returns the remedy for a file whose byte at an offset is not UTF-8."""
    skipped = max(offset - _BEFORE, 0)
    with content.open() as file:
        file.read(skipped)
        sample = file.read(_BEFORE + _AROUND)
    return f"Corpora are UTF-8 text. {encoding_fix(Path(path).name, sample, offset - skipped)}"


def _iconv(path: str, encoding: str) -> str:
    command = shell_command(f"iconv -f {encoding} -t UTF-8", path)
    return f"Corpora are UTF-8 text. Convert it, for example with `{command} > NEW`."
