"""Streaming reader for pretrained word vectors in text format.

Each line consists of a word and its numbers, separated by spaces (GloVe). Files of fastText and word2vec begin with a
line of two numbers: words and dimension. gensim reads these formats, too, but keeps all vectors in memory and cannot
select those of a vocabulary.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from absl import logging

from components.common.errors import NerError, quoted

_LONGEST_LINE = 1 << 20  # bytes; a line of 1,000 numbers has about 20,000
_READ_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_FOREIGN = {b"PK": "is a zip archive", b"\xba\x16\x4f\x2f": "is a binary fastText model"}
_FORMAT = "UTF-8 text (plain or .gz) with a word and its numbers on each line, separated by spaces"


class VectorFileError(NerError):
    """Invalid vector file.

    Example:
        >>> print(VectorFileError("glove.txt", 7, "'x' is not a number", "Fix the line."))
        glove.txt:7: 'x' is not a number. Fix the line.
    """

    def __init__(self, path: str, line: int | None, problem: str, fix: str) -> None:
        """Formats the message; `line` is None for problems of the whole file."""
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}. {fix}")


class VectorFile:
    r"""File of word vectors.

    Attributes:
        path: path or URL.
        dim: dimension of the vectors.
        skipped: number of words with a space, which the last iteration skipped.

    Example:
        >>> path = getfixture("tmp_path") / "vectors.txt"
        >>> _ = path.write_text("the 0.5 1\nparis 2 3\n")
        >>> file = VectorFile(str(path))
        >>> [(entry[1], file.parse(*entry).tolist()) for entry in file]
        [('the', [0.5, 1.0]), ('paris', [2.0, 3.0])]
    """

    def __init__(self, path: str) -> None:
        """Reads the first line.

        Args:
            path: local file, or URL that TensorFlow's file systems support (`gs://...`). gzip is detected by content.

        Raises:
            VectorFileError: the file cannot be read or is not a vector file.
        """
        self.path = path
        self.skipped = 0
        with self._open() as file:
            number, first = next(self._lines(file), (1, b""))
        fields = first.split(b" ")
        self._count = int(fields[0]) if len(fields) == 2 and fields[0].isdigit() and fields[1].isdigit() else None
        self.dim = len(fields) - 1 if self._count is None else int(fields[1])
        if self.dim < 1 or (self._count is None and not all(_is_number(field) for field in fields[1:])):
            raise VectorFileError(path, number, f"{_quote(first)} is not a word with numbers", f"Use {_FORMAT}.")

    def __iter__(self) -> Iterator[tuple[int, str, bytes]]:
        """Yields (line number from 1, word, text of its numbers) in the order of the file.

        Words with a space, which equal no token, are skipped and counted in `skipped`.

        Raises:
            VectorFileError: a line has too few or too many columns, its word is not UTF-8, or a gzip file is truncated.
        """
        self.skipped = read = 0
        with self._open() as file:
            lines = self._lines(file)
            if self._count is not None:
                next(lines, None)
            for line, text in lines:
                read += 1
                word, numbers = self._split(line, text)
                if word:
                    yield line, word, numbers
                else:
                    self.skipped += 1
        if self._count is not None and read != self._count:
            logging.warning("%s: the first line announces %d words, the file has %d", self.path, self._count, read)

    def parse(self, line: int, word: str, numbers: bytes) -> np.ndarray:
        """Parses an entry of the iteration: float32 [dim].

        Raises:
            VectorFileError: a field is not a finite number.
        """
        fields = numbers.split(b" ")
        with np.errstate(over="ignore"):  # numbers that are too large become infinite
            values = np.array([float(field) if _is_number(field) else np.nan for field in fields], np.float32)
        invalid = np.flatnonzero(~np.isfinite(values))
        if invalid.size:
            problem = f"{_quote(fields[invalid[0]])} is not a finite number (number {invalid[0] + 1} of {quoted(word)})"
            raise VectorFileError(self.path, line, problem, "Use numbers such as -0.25.")
        return values

    def _split(self, line: int, text: bytes) -> tuple[str, bytes]:
        """Splits a line into its word, empty if it contains a space, and the text of its numbers."""
        columns = text.count(b" ")
        if columns == self.dim:
            word, _, numbers = text.partition(b" ")
            return self._decoded(line, word), numbers
        fields = text.split(b" ")
        surplus = fields[1 : columns - self.dim + 1]
        if columns < self.dim or all(_is_number(field) for field in surplus):
            problem = f"{columns} numbers after the word {_quote(fields[0])}, expected {self.dim} as in the first line"
            raise VectorFileError(self.path, line, problem, "Download or convert the file again.")
        return "", b""

    def _decoded(self, line: int, word: bytes) -> str:
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError as error:
            problem = f"byte 0x{word[error.start]:02X} in the word {_quote(word)} is not UTF-8"
            fix = "Convert the file, for example with `iconv -f ISO-8859-1 -t UTF-8`."
            raise VectorFileError(self.path, line, problem, fix) from None

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yields (number, line without its end) as bytes, because str splits at more characters than line feeds."""
        line = 0
        try:
            while text := file.readline(_LONGEST_LINE):
                line += 1
                if len(text) == _LONGEST_LINE:
                    raise VectorFileError(
                        self.path, line, f"more than {_LONGEST_LINE} bytes in a line", f"Use {_FORMAT}."
                    )
                yield line, (text.removeprefix(_BOM) if line == 1 else text).rstrip(b" \r\n")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problem = f"the gzip file is damaged after line {line} ({error})"
            raise VectorFileError(self.path, None, problem, "Download or compress it again.") from None

    @contextlib.contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            file = _open_binary(self.path)
            with contextlib.closing(file):
                start = file.peek(4)
                for magic, problem in _FOREIGN.items():
                    if start.startswith(magic):
                        raise VectorFileError(self.path, None, problem, f"Extract or convert it to {_FORMAT}.")
                yield cast(BinaryIO, gzip.GzipFile(fileobj=file) if start.startswith(_GZIP) else file)
        except OSError as error:
            problem = f"cannot be read ({error.strerror or error})"
            raise VectorFileError(self.path, None, problem, "Check the path and its permissions.") from None


def _open_binary(path: str) -> io.BufferedReader:
    return open(path, "rb") if "://" not in path else io.BufferedReader(_Remote(path), _READ_BYTES)


class _Remote(io.RawIOBase):
    """Adapter from TensorFlow's file systems to Python's raw I/O."""

    def __init__(self, path: str) -> None:
        import tensorflow as tf

        self._file, self._error = tf.io.gfile.GFile(path, "rb"), tf.errors.OpError

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except self._error as error:
            raise OSError(None, error.message) from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _quote(field: bytes) -> str:
    text = field.decode("utf-8", "replace")
    return quoted(text)
