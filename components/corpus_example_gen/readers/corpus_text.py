"""Text and lines of a corpus file."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from components.corpus_example_gen.errors import CorpusError

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
_FREE = 10_000_000  # unpacked bytes that any ratio may have: repeated sentences compress well
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def load_text(
    path: str, data: bytes | None = None, *, max_bytes: int | None = None, max_ratio: float | None = None
) -> str:
    """Returns the decoded text of a corpus file, without a byte order mark; see `load_bytes` and `decode_text`.

    Args:
        path: the file; errors name it, and its extension marks a compressed file.
        data: content of the file, if the caller has read it (from another file system).
        max_bytes: most bytes of a decompressed file (`corpus.max_unpacked_bytes`); None: no limit.
        max_ratio: most bytes to one compressed byte (`corpus.max_compression_ratio`), from 10 MB on; None: no limit.

    Raises:
        CorpusError: the file cannot be read or decompressed, exceeds a limit, is not UTF-8, or has NUL bytes.
    """
    return decode_text(path, load_bytes(path, data, max_bytes=max_bytes, max_ratio=max_ratio))


def load_bytes(
    path: str, data: bytes | None = None, *, max_bytes: int | None = None, max_ratio: float | None = None
) -> bytes:
    """Returns the content of a corpus file; `.gz` files are decompressed. See `load_text`."""
    if data is None:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            fix = "Check the path and its permissions."
            raise CorpusError(path, None, f"cannot read the file ({error.strerror})", fix) from error
    if path.endswith(".gz"):
        return _decompress(path, data, max_bytes, max_ratio)
    if data.startswith(_GZIP_MAGIC):
        raise CorpusError(path, None, "found gzip data", "Rename the file to end in .gz.")
    return data


def decode_text(path: str, data: bytes) -> str:
    """Returns the text of a file, with LF or CR LF at the ends of lines."""
    text = _decode(path, data)
    # Only LF, CR LF and CR end lines. str.splitlines also cuts at U+0085, U+2028 and others, which are part of a token.
    # A file with CR line ends may end with one LF, which an editor or `echo` added.
    if "\r" in text and "\n" not in text.rstrip("\r\n"):
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return text


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


def _decompress(path: str, data: bytes, max_bytes: int | None, max_ratio: float | None) -> bytes:
    """Decompresses all members of a gzip file, and stops at a limit, before the rest takes memory."""
    unpacked = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            while chunk := file.read(_CHUNK):
                unpacked += chunk
                if max_bytes is not None and len(unpacked) > max_bytes:
                    problem = f"the file unpacks to more than {max_bytes:,} bytes"
                    fix = "Divide the file, or raise corpus.max_unpacked_bytes. The reader holds a file in memory."
                    raise CorpusError(path, None, problem, fix)
                if max_ratio is not None and len(unpacked) > max(max_ratio * len(data), _FREE):
                    problem = f"its {len(data):,} bytes unpack to more than {max_ratio:g} times as many, unlike text"
                    fix = "Check the origin of the file. If it is intended, raise corpus.max_compression_ratio."
                    raise CorpusError(path, None, problem, fix)
        return bytes(unpacked)
    except (OSError, EOFError, zlib.error) as error:
        fix = "Compress it again with gzip, or remove .gz from its name."
        raise CorpusError(path, None, f"found an incomplete or invalid gzip file ({error})", fix) from error


def _decode(path: str, data: bytes) -> str:
    if data.startswith(_UTF16_MARKS):
        raise CorpusError(path, 1, "found UTF-16 text", _iconv(path, "UTF-16"))
    try:
        text, end = data.decode("utf-8"), len(data)
    except UnicodeDecodeError as error:
        text, end = "", error.start
    nul = data.find(b"\0", 0, end)
    # One NUL byte is a fault of its line, many are another encoding or not text.
    if nul >= 0 and (end < len(data) or data.count(b"\0") * 10 > len(data)):
        raise _binary(path, data, nul, "a NUL byte, so the file is not text")
    if end < len(data):
        raise _binary(path, data, end, f"byte 0x{data[end]:02X}, which is not UTF-8")
    return text.removeprefix("\ufeff")


def _binary(path: str, data: bytes, offset: int, problem: str) -> CorpusError:
    line = data.count(b"\n", 0, offset) + 1
    return CorpusError(path, line, f"found {problem}, at byte offset {offset}", _iconv(path, "ISO-8859-1"))


def _iconv(path: str, encoding: str) -> str:
    return f"Corpora are UTF-8 text. Convert it, for example with `iconv -f {encoding} -t UTF-8 {Path(path).name}`."
