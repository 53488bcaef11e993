"""Pretrained word vectors in text format, read line by line: a file may be far larger than the memory.

One line a word: the word, a blank, its numbers with a blank between. GloVe's files are that; fastText's and word2vec's
have a first line with the number of words and of columns before it. gensim reads these files, too, but a whole file or
its first words, not the words of a vocabulary, and holds them all.
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

from components.common.errors import NerError

_LONGEST_LINE = 1 << 20  # bytes; 1,000 numbers take 20,000
_READ_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_FOREIGN = {b"PK": "found a zip archive", b"\xba\x16\x4f\x2f": "found a binary fastText model"}
_TEXT = "vector files are text in UTF-8 (plain or .gz), one line a word: the word, then its numbers, blanks between"


class VectorFileError(NerError):
    """Names the file, the line where there is one, what was found, and what to do."""

    def __init__(self, path: str, line: int | None, found: str, cure: str) -> None:
        """Puts the text together: `glove.txt:7: found ...; do ...`."""
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {found}; {cure}")


class VectorFile:
    """A file of word vectors.

    Attributes:
        path: the file.
        dim: numbers a word.
        skipped: words with a blank that the last pass left out.

    Example:
        file = VectorFile("glove.6B.100d.txt")
        paris = next(file.parse(*entry) for entry in file if entry[1] == "paris")
    """

    def __init__(self, path: str) -> None:
        """Reads the first line.

        Args:
            path: a local file, or a URL that TensorFlow's file systems know (`gs://...`). What is packed with gzip is
                known by its content.

        Raises:
            VectorFileError: the file cannot be read or is no vector file.
        """
        self.path = path
        self.skipped = 0
        with self._open() as file:
            number, first = next(self._lines(file), (1, b""))
        fields = first.split(b" ")
        self._count = int(fields[0]) if len(fields) == 2 and fields[0].isdigit() and fields[1].isdigit() else None
        self.dim = len(fields) - 1 if self._count is None else int(fields[1])
        if self.dim < 1 or (self._count is None and not all(_is_number(field) for field in fields[1:])):
            raise VectorFileError(path, number, f"found {_shown(first)}, which is no word with numbers", _TEXT)

    def __iter__(self) -> Iterator[tuple[int, str, bytes]]:
        """Yields (line number from 1, word, text of its numbers) in the order of the file.

        Words that hold a blank, as some files have, are left out and counted in `skipped`: no token is like that.

        Raises:
            VectorFileError: a line has too few or too many columns, or its word is not UTF-8; a packed file ends
                too early.
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
            logging.warning("%s: the first line promises %d words, there are %d", self.path, self._count, read)

    def parse(self, line: int, word: str, numbers: bytes) -> np.ndarray:
        """Returns the numbers of a word that iteration gave, float32 [dim].

        Raises:
            VectorFileError: one is not a finite number.
        """
        fields = numbers.split(b" ")
        with np.errstate(over="ignore"):  # too large a number is infinite then
            values = np.array([float(field) if _is_number(field) else np.nan for field in fields], np.float32)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            found = f"found {_shown(fields[wrong[0]])} as number {wrong[0] + 1} of the word {word!r}"
            raise VectorFileError(self.path, line, found, "it must be a finite number such as -0.25")
        return values

    def _split(self, line: int, text: bytes) -> tuple[str, bytes]:
        """Cuts a line into its word, empty where it holds a blank, and the text of its numbers."""
        columns = text.count(b" ")
        if columns == self.dim:
            word, _, numbers = text.partition(b" ")
            return self._decoded(line, word), numbers
        fields = text.split(b" ")
        surplus = fields[1 : columns - self.dim + 1]
        if columns < self.dim or all(_is_number(field) for field in surplus):
            raise VectorFileError(
                self.path,
                line,
                f"found {columns} numbers after the word {_shown(fields[0])}, where the file began with {self.dim}",
                "every line must have as many: fetch or convert the file anew",
            )
        return "", b""

    def _decoded(self, line: int, word: bytes) -> str:
        try:
            return word.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"found byte 0x{word[error.start]:02X} in the word {_shown(word)}, which is not UTF-8"
            cure = "convert the file, such as with `iconv -f ISO-8859-1 -t UTF-8`"
            raise VectorFileError(self.path, line, found, cure) from None

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yields (number, line without what ends it); bytes, since str knows more line ends than these files do."""
        line = 0
        try:
            while text := file.readline(_LONGEST_LINE):
                line += 1
                if len(text) == _LONGEST_LINE:
                    raise VectorFileError(self.path, line, f"found a line of more than {_LONGEST_LINE} bytes", _TEXT)
                yield line, (text.removeprefix(_BOM) if line == 1 else text).rstrip(b" \r\n")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            found = f"found a gzip file that is not whole after line {line} ({error})"
            raise VectorFileError(self.path, None, found, "fetch or pack it anew") from None

    @contextlib.contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            file = _open_binary(self.path)
            with contextlib.closing(file):
                start = file.peek(4)
                for magic, what in _FOREIGN.items():
                    if start.startswith(magic):
                        raise VectorFileError(self.path, None, what, f"unpack or convert it: {_TEXT}")
                yield cast(BinaryIO, gzip.GzipFile(fileobj=file) if start.startswith(_GZIP) else file)
        except OSError as error:
            found = f"cannot be read ({error.strerror or error})"
            raise VectorFileError(self.path, None, found, "check the path and its rights") from None


def _open_binary(path: str) -> io.BufferedReader:
    return open(path, "rb") if "://" not in path else io.BufferedReader(_Remote(path), _READ_BYTES)


class _Remote(io.RawIOBase):
    """A file of TensorFlow's file systems as Python reads files."""

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


def _shown(field: bytes) -> str:
    text = field.decode("utf-8", "replace")
    return repr(text if len(text) <= 40 else text[:40] + "...")
