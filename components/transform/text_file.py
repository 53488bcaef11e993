"""Streaming reader for text files of users: vectors, gazetteers, clusters."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from components.common.errors import NerError, quoted
from components.common.files import encoding_fix_of, shell_command, utf16_without_mark

_LONGEST_LINE = 1 << 20  # bytes; a line of 1,000 numbers has about 20,000
_READ_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"PK": "is a zip archive",
    b"\xba\x16\x4f\x2f": "is a binary fastText model",
    b"\xff\xfe": "is UTF-16",
    b"\xfe\xff": "is UTF-16",
}


class TextFileError(NerError):
    """Invalid text file.

    Example:
        >>> print(TextFileError("glove.txt", 7, "'x' is not a number", "Fix the line."))
        glove.txt:7: 'x' is not a number. Fix the line.
    """

    def __init__(self, path: str, line: int | None, problem: str, fix: str) -> None:
        """Formats the message; `line` is None for problems of the whole file."""
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}. {fix}")


class TextFile:
    r"""Lines of a UTF-8 file, plain or gzip (detected by content).

    Example:
        >>> path = getfixture("tmp_path") / "cities.txt"
        >>> _ = path.write_text("Paris\r\nBonn\n")
        >>> list(TextFile(str(path), "UTF-8 text"))
        [(1, b'Paris'), (2, b'Bonn')]
    """

    def __init__(self, path: str, expected: str) -> None:
        """Stores the arguments.

        Args:
            path: local file, or URL that TensorFlow's file systems support (`gs://...`).
            expected: the format, for errors.
        """
        self.path, self.expected = path, expected

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yields (number from 1, line without its end) as bytes, because str splits at more characters than line feeds.

        Raises:
            TextFileError: the file cannot be read, is damaged, or is not a text file.
        """
        line = 0
        with self._open() as file:
            try:
                while text := file.readline(_LONGEST_LINE):
                    line += 1
                    if len(text) == _LONGEST_LINE:
                        problem = f"more than {_LONGEST_LINE} bytes in a line"
                        raise TextFileError(self.path, line, problem, f"Use {self.expected}.")
                    if b"\0" in text:  # valid UTF-8, but in no word
                        raise self._nul_error(line, text)
                    yield line, (text.removeprefix(_BOM) if line == 1 else text).rstrip(b" \r\n")
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                problem = f"the gzip file is damaged after line {line} ({error})"
                raise TextFileError(self.path, None, problem, "Download or compress it again.") from None

    def _nul_error(self, line: int, text: bytes) -> TextFileError:
        if name := utf16_without_mark(text[: len(text) // 2 * 2]):
            fix = f"Convert the file with `{shell_command(f'iconv -f {name} -t UTF-8', self.path)} > NEW`."
            return TextFileError(self.path, line, f"is {name} without a byte order mark", fix)
        problem = "a NUL byte: the file is binary, or UTF-16"
        return TextFileError(self.path, line, problem, f"Convert it to {self.expected}.")

    def decoded(self, line: int, text: bytes, part: str) -> str:
        """Decodes a part of a line.

        Raises:
            TextFileError: it is not UTF-8.
        """
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            problem = f"byte 0x{text[error.start]:02X} in the {part} {quoted_bytes(text)} is not UTF-8"
            fix = ""
            with self._open() as file, contextlib.suppress(EOFError, zlib.error):
                fix = encoding_fix_of(file, self.path)
            raise TextFileError(self.path, line, problem, fix) from None

    @contextlib.contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            file = _open_binary(self.path)
            with contextlib.closing(file):
                start = file.peek(4)
                for magic, problem in _FOREIGN.items():
                    if start.startswith(magic):
                        raise TextFileError(self.path, None, problem, f"Extract or convert it to {self.expected}.")
                yield cast(BinaryIO, gzip.GzipFile(fileobj=file) if start.startswith(_GZIP) else file)
        except OSError as error:
            problem = f"cannot be read ({error.strerror or error})"
            raise TextFileError(self.path, None, problem, "Check the path and its permissions.") from None


def quoted_bytes(field: bytes) -> str:
    """Returns a part of a line in quotes, for errors."""
    return quoted(field.decode("utf-8", "replace"))


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
