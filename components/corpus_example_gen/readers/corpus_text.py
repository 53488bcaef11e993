"""From the bytes of a corpus file to its lines."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from components.corpus_example_gen.errors import CorpusError

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def load_text(path: str, data: bytes | None = None) -> str:
    """Returns the text of a corpus file, checked to be text.

    A byte order mark at the start is dropped; `.gz` files are unpacked.

    Args:
        path: the file; its name is what errors say and what tells a packed file.
        data: the file's bytes when the caller has read them (from another file system); None reads `path`.

    Raises:
        CorpusError: the file cannot be read or unpacked, is not UTF-8, or holds NUL bytes.
    """
    if data is None:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise CorpusError(
                path, None, f"cannot be read ({error.strerror})", "Check the path and its rights."
            ) from error
    if path.endswith(".gz"):
        data = _unpack(path, data)
    elif data.startswith(_GZIP_MAGIC):
        raise CorpusError(path, None, "found gzip data", "Give the file a name that ends in .gz.")
    text = _decode(path, data)
    # Python's universal newlines, done by hand: str.splitlines also cuts at U+0085, U+2028 and more, which are
    # characters of a token here.
    return text if "\n" in text else text.replace("\r", "\n")


def iter_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields (1-based number, line without its line end); lines end in LF or CR LF."""
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield number, text[start:end].rstrip("\r")
        start, number = end + 1, number + 1


def _unpack(path: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(
            path, None, f"found no whole gzip file ({error})", "Pack it anew with gzip, or drop .gz from its name."
        ) from error


def _decode(path: str, data: bytes) -> str:
    if data.startswith(_UTF16_MARKS):
        raise CorpusError(path, 1, "found UTF-16 text", _iconv(path, "UTF-16"))
    try:
        text, bad = data.decode("utf-8"), len(data)
    except UnicodeDecodeError as error:
        text, bad = "", error.start
    nul = data.find(b"\0", 0, bad)
    if nul >= 0:
        raise _garbage(path, data, nul, "a NUL byte, so this is no text")
    if bad < len(data):
        raise _garbage(path, data, bad, f"byte 0x{data[bad]:02X}, which is not UTF-8")
    return text.removeprefix("\ufeff")


def _garbage(path: str, data: bytes, offset: int, what: str) -> CorpusError:
    line = data.count(b"\n", 0, offset) + 1
    return CorpusError(path, line, f"found {what}, at byte offset {offset}", _iconv(path, "ISO-8859-1"))


def _iconv(path: str, encoding: str) -> str:
    return f"Corpora are UTF-8 text: convert it, such as with `iconv -f {encoding} -t UTF-8 {Path(path).name}`."
