"""Chunks of an input file: rows that are not parsed yet, with their numbers and a hash.

The main process reads chunks, other processes parse them. Reading is cheap, so that it keeps several processes busy.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import gzip
import hashlib
import io
import itertools
import os
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from components.common.errors import quoted
from components.common.extras import require_extra
from components.common.json_lines import LONGEST_LINE
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import (
    CSV,
    JSON_LINES,
    PARQUET,
    STANDARD,
    TFRECORD,
    TSV,
    Fields,
    input_kind,
)

CHUNK_ROWS = 2048
"""Most rows of a chunk. Sorting them by length leaves little padding; a process tags them in about a second."""
CHUNK_BYTES = 4_000_000
"""Bytes after which a chunk ends."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b"


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Consecutive rows.

    Attributes:
        index: from 0.
        first: number of the first row or line, from 1.
        last: number of the last one.
        payload: rows, as `rows.parse` takes them.
        digest: hash of the rows.
        position: read part of the input: bytes, or rows of a Parquet file.
    """

    index: int
    first: int
    last: int
    payload: Any
    digest: str
    position: int


class Source:
    """An input file.

    tests/components/serving/batch_prediction/test_sources.py shows it at work.
    """

    def __init__(self, path: str, fields: Fields) -> None:
        """Opens the file and checks its columns, if it has any.

        Raises:
            BatchError: the file cannot be read, or lacks a column.
        """
        self.path, self.kind, self._fields = path, input_kind(path), fields
        self.name = "standard input" if path == STANDARD else path
        self.header: list[str] = []
        self._size = 0
        if path != STANDARD:
            if not Path(path).is_file():
                what = "it is a folder" if Path(path).is_dir() else "there is no such file"
                raise BatchError(f"--input {path}: {what}. Give a file.")
            self._size = os.path.getsize(path)
        if self.kind == PARQUET:
            self._parquet = _open_parquet(path)
            self.header = list(self._parquet.schema_arrow.names)
        elif self.kind in (CSV, TSV):
            with self._opened() as (file, _):
                self.header = header_of(read_cells(file, self.kind), self.name)
        if self.kind in (PARQUET, CSV, TSV):
            self._require_columns()

    @property
    def total(self) -> int | None:
        """Size in units of `Chunk.position`; None for standard input."""
        if self.path == STANDARD:
            return None
        return self._parquet.metadata.num_rows if self.kind == PARQUET else self._size

    def identity(self) -> dict[str, Any]:
        """Returns path, size and time of the file: a job continues only with the same ones."""
        status = os.stat(self.path)
        return {"path": os.path.abspath(self.path), "bytes": status.st_size, "modified": status.st_mtime_ns}

    def chunks(self) -> Iterator[Chunk]:
        """Yields the rows in order.

        Raises:
            BatchError: the file is damaged.
        """
        if self.kind == PARQUET:
            yield from self._parquet_chunks()
            return
        number = 0
        with self._opened() as (file, position):
            records = {JSON_LINES: _lines, TFRECORD: _records}.get(self.kind, self._rows_of_cells)(file)
            try:
                for index in itertools.count():
                    rows, size, first = [], 0, number + 1
                    for number, row, weight in records:
                        rows.append((number, row))
                        size += weight
                        if len(rows) >= CHUNK_ROWS or size >= CHUNK_BYTES:
                            break
                    if not rows:
                        return
                    first = rows[0][0]
                    yield Chunk(index, first, number, rows, _digest(rows), position())
            except (EOFError, zlib.error, gzip.BadGzipFile, _DamagedError) as error:
                raise BatchError(
                    f"{self.name}: damaged after row {number:,} ({error}). Restore the file, or remove its end."
                ) from error

    def _parquet_chunks(self) -> Iterator[Chunk]:
        import pyarrow

        columns = None if self._fields.all else list(self._fields.named)
        number, index = 0, 0
        try:
            for batch in self._parquet.iter_batches(batch_size=CHUNK_ROWS, columns=columns):
                if not batch.num_rows:
                    continue
                content = batch.serialize().to_pybytes()
                digest = hashlib.blake2b(content, digest_size=16).hexdigest()
                first, number = number + 1, number + batch.num_rows
                yield Chunk(index, first, number, (first, batch), digest, number)
                index += 1
        except (pyarrow.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())
            raise BatchError(f"{self.name}: damaged after row {number:,} ({reason}). Restore the file.") from error

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[IO[bytes], Any]]:
        """Yields the unpacked file, and a function that returns the position in the packed one."""
        try:
            raw: IO[bytes] = sys.stdin.buffer if self.path == STANDARD else open(self.path, "rb")  # noqa: SIM115
        except OSError as error:
            raise BatchError(f"{self.name}: cannot be read ({error.strerror}). Give another file.") from error
        try:
            peek = getattr(raw, "peek", None)
            start = peek(2)[:2] if peek else b""
            if start in _UTF16:
                raise BatchError(f"{self.name}: is UTF-16. Convert it to UTF-8, for example with `iconv -f utf-16`.")
            packed = self.path.endswith(".gz") or (self.path == STANDARD and start == _GZIP)
            file: Any = gzip.GzipFile(fileobj=raw) if packed else raw
            yield file, (raw.tell if self.path != STANDARD else lambda: 0)
        finally:
            if self.path != STANDARD:
                raw.close()

    def _require_columns(self) -> None:
        for name in self._fields.named:
            if name not in self.header:
                raise BatchError(self._fields.missing(self.name, name, self.header))
            if self.header.count(name) > 1:
                raise BatchError(f"{self.name}: has two columns {quoted(name)}. Rename one of them.")

    def _rows_of_cells(self, file: IO[bytes]) -> Iterator[tuple[int, list[str], int]]:
        for line, cells in itertools.islice(read_cells(file, self.kind), 1, None):
            yield line, cells, sum(map(len, cells))


def read_cells(file: IO[bytes], kind: str) -> Iterator[tuple[int, list[str]]]:
    """Yields (line, cells) of every record of a CSV or TSV file, the header first; a record may have several lines.

    Args:
        file: bytes that are not UTF-8 become surrogates, so that `rows` can report their row alone.
        kind: CSV or TSV.
    """
    csv.field_size_limit(LONGEST_LINE)
    # Splits at \n, \r\n and \r, and leaves them in quoted cells as they are.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    record: list[str] = []

    def lines() -> Iterator[str]:
        while line := text.readline(LONGEST_LINE):
            record.append(line)
            yield line

    try:
        reader = csv.reader(lines(), delimiter="\t" if kind == TSV else ",", strict=True)
        while True:
            begin = reader.line_num + 1
            record.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield begin, [CSV_ERROR, str(error), "".join(record)]
                continue
            if cells:
                yield begin, cells
    finally:
        with contextlib.suppress(ValueError):  # the file is closed already
            text.detach()


def header_of(records: Iterator[tuple[int, list[str]]], name: str) -> list[str]:
    """Returns the first record of a CSV or TSV file; an empty file has none.

    Raises:
        BatchError: it is not valid CSV.
    """
    header = next((cells for _, cells in records), [])
    if header[:1] == [CSV_ERROR]:
        raise BatchError(f"{name}: the header is invalid CSV ({header[1]}). Correct the first line.")
    return header


CSV_ERROR = "\0csv"
"""First cell of a record that the csv module could not read; then the reason, and its lines."""


class _DamagedError(ValueError):
    """A TFRecord file that is not one, or is cut."""


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes | None, int]]:
    """Yields (number, line, bytes); None for a line that is longer than a process should hold."""
    for number in itertools.count(1):
        line = file.readline(LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield number, None, 0
        else:
            yield number, line, len(line)


def _records(file: IO[bytes]) -> Iterator[tuple[int, bytes, int]]:
    """Yields the records of a TFRecord file: length, its checksum, content, its checksum."""
    for number in itertools.count(1):
        head = _exactly(file, 12)
        if not head:
            return
        (length,), (check,) = struct.unpack("<Q", head[:8]), struct.unpack("<I", head[8:])
        if _masked_crc(head[:8]) != check:
            raise _DamagedError("not a TFRecord file, or wrong checksum of a length")
        if length > LONGEST_LINE:
            raise _DamagedError(f"a record of {length:,} bytes")
        content, (check,) = _exactly(file, length), struct.unpack("<I", _exactly(file, 4) or b"\0" * 4)
        if _masked_crc(content) != check:
            raise _DamagedError("wrong checksum of a record")
        yield number, content, length


def _exactly(file: IO[bytes], size: int) -> bytes:
    """Reads `size` bytes, or none at the end of the file."""
    content = file.read(size)
    if content and len(content) < size:
        raise _DamagedError("it ends within a record")
    return content


def _masked_crc(content: bytes) -> int:
    import google_crc32c

    crc = google_crc32c.value(content)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _digest(rows: Iterable[tuple[int, Any]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for _, row in rows:
        content = row if isinstance(row, bytes) else repr(row).encode("utf-8", "surrogateescape")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _open_parquet(path: str) -> Any:
    parquet = import_parquet(f"--input {path}")
    import pyarrow

    try:
        return parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise BatchError(f"{path}: is not a Parquet file, or damaged ({error}). Restore it.") from error


def import_parquet(where: str) -> Any:
    """Imports `pyarrow.parquet`.

    Raises:
        MissingExtraError: it is not installed.
    """
    require_extra("parquet", where)
    import pyarrow.parquet as parquet

    return parquet
