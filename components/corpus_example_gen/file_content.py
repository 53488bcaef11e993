"""Content of a corpus file, which several passes read without holding it in memory."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO, Any, BinaryIO

CHUNK = 1 << 20
"""Bytes read at a time."""

_IN_MEMORY = 1 << 22


class FileContent:
    """Bytes of a file, to be read any number of times: up to 4 MB in memory, more in a temporary file.

    All passes see the same bytes, also if somebody writes the file meanwhile. The temporary file has no name; the
    system removes it with the process.

    Example:
        >>> content = FileContent([b"Peru ", b"won"])
        >>> content.size, content.head(4), content.read(), b"".join(content.chunks())
        (8, b'Peru', b'Peru won', b'Peru won')

    Attributes:
        size: number of bytes.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Reads the file to its end.

        Args:
            chunks: its bytes in order.

        Raises:
            OSError: the temporary folder (`TMPDIR`) is full.
        """
        self.size = 0
        self._file: IO[bytes] | None = None
        head = bytearray()
        for chunk in chunks:
            self.size += len(chunk)
            if self._file is None and self.size > _IN_MEMORY:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as this object
                self._file.write(head)
                head.clear()
            if self._file is None:
                head += chunk
            else:
                self._file.write(chunk)
        if self._file is not None:
            self._file.flush()
        self._data = bytes(head)

    def open(self) -> BinaryIO:
        """Returns a new reader at the first byte."""
        return io.BytesIO(self._data) if self._file is None else io.BufferedReader(_View(self._file), CHUNK)

    def chunks(self) -> Iterator[bytes]:
        """Yields the bytes in parts of 1 MiB."""
        return read_chunks(self.open())

    def head(self, size: int) -> bytes:
        """Returns the first bytes."""
        return self.open().read(size)

    def read(self) -> bytes:
        """Returns all bytes, for formats that need the whole file."""
        return self.open().read()

    def sha256(self) -> str:
        """Returns the SHA-256 in hexadecimal digits."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()


def read_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yields the rest of an open file in parts of 1 MiB."""
    return iter(partial(file.read, CHUNK), b"")


class _View(io.RawIOBase):
    """Reader of an open file that keeps its own position."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._file.fileno(), [buffer], self._at)
        self._at += count
        return count
