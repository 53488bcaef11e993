"""Chunks of an input file: rows that are not parsed yet, with their numbers and a hash.

The main process reads chunks, other processes parse them. Reading is cheap, so that it keeps several processes busy.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import dataclasses
import gzip
import hashlib
import io
import itertools
import os
import re
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from components.common.errors import quoted
from components.common.extras import require_extra
from components.common.files import (
    encoding_fix_of,
    is_special,
    office_remedy,
    packed_by_content,
    shell_command,
    utf16_without_mark,
)
from components.common.json_lines import LONGEST_LINE, parse_json_object
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import (
    AS_CSV,
    CSV,
    DELIMITERS,
    JSON_LINES,
    PARQUET,
    STANDARD,
    TEXT,
    TFRECORD,
    UNQUOTED,
    Fields,
    input_kind,
    usual_text_fields,
)
from components.serving.batch_prediction.labelled_input import USE_OF_LABELLED, is_labelled

CHUNK_ROWS = 2048
"""Most rows of a chunk. Sorting them by length leaves little padding; a process tags them in about a second."""
CHUNK_BYTES = 4_000_000
"""Bytes after which a chunk ends."""

_FIRST_LINES = 100  # of JSON, one of which names the fields
_SAMPLE_LINES = 10_000  # of a TSV file, in which quotes are looked for
_LONGEST_RECORD = 10_000  # lines of a CSV record; a longer one is a quotation mark that is not closed
_LONG_RECORD, _MOST_LONG_RECORDS = 1_000, 100  # each of these is read twice
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b\x08"
_LONGEST_NAME = 3  # words of the name of a column


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

    def __init__(self, path: str, fields: Fields, quoting: str | None = None) -> None:
        """Opens the file and checks its columns, if it has any.

        Args:
            path: the file, or `-`.
            fields: to read.
            quoting: of CSV and TSV: `csv` or `none`; None: `csv` for CSV, detected for TSV.

        Raises:
            BatchError: the file cannot be read, lacks a column, or is labelled.
        """
        self.path, self.kind, self._fields = path, input_kind(path), fields
        self.name = "standard input" if path == STANDARD else path
        self.header: list[str] = []
        self.quoting = quoting
        self._size = 0
        check_quoting(self.kind, quoting, path)
        if path == STANDARD:
            if sys.stdin is None:
                raise BatchError("--input -: standard input is closed. Give a file.")
        elif is_special(Path(path)):
            raise BatchError(
                f"--input {path}: is a device or pipe. Give its content on standard input, with --input -."
            )
        elif not Path(path).is_file():
            problem = "is a folder, not a file" if Path(path).is_dir() else "does not exist"
            raise BatchError(f"--input {path}: {problem}. Give an existing file, or - for standard input.")
        else:
            self._size = os.path.getsize(path)
        if self.kind == PARQUET:
            self._parquet = _open_parquet(path)
            self.header = list(self._parquet.schema_arrow.names)
        elif self.kind in DELIMITERS:
            with self._opened() as (file, _):
                self.kind, self.quoting = detect_table(file, self.kind, quoting)
            with self._opened() as (file, _):
                self.header = header_of(read_cells(file, self.kind, self.quoting), self.name)
        if self.kind == PARQUET or self.kind in DELIMITERS:
            if self.kind != PARQUET and fields.lacking(self.header) is not None:
                self._refuse_labelled()
            require_columns(self.header, fields, self.name)
        elif self.kind == TEXT:
            self._refuse_labelled()

    def _refuse_labelled(self) -> None:
        with self._opened() as (file, _):
            refuse_labelled(file, self.name)

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
        with self._opened() as (file, position):
            for index, rows in enumerate(chunks_of(file, self.kind, self.quoting, self.name)):
                yield Chunk(index, rows[0][0], rows[-1][0], rows, _digest(rows), position())

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
            yield unpacked(raw, self.path, self.kind, self.name), (raw.tell if self.path != STANDARD else lambda: 0)
        finally:
            if self.path != STANDARD:
                raw.close()


def unpacked(raw: IO[bytes], path: str, kind: str, name: str) -> IO[bytes]:
    """Returns the content of a file that may be packed.

    Args:
        raw: the file as it is stored.
        path: it is packed if it ends in .gz; a text also if it begins like a packed file.
        kind: of the content.
        name: for errors.

    Raises:
        BatchError: the content is plainly of another kind.
    """
    start, text, named = _start(raw), kind in (JSON_LINES, TEXT, *DELIMITERS), path.endswith(".gz")
    if named and start is not None and not start.startswith(_GZIP[:2]):
        raise BatchError(f"{name}: is not packed with gzip. Restore it, or remove .gz from its name.")
    if text and start is not None and (other := packed_by_content(start)):
        if raw.seekable() and (fix := office_remedy(raw, path)):
            raise BatchError(f"{name}: is an Office document, which is not read. {fix}")
        raise BatchError(f"{name}: is {other.title}, which is not read. {other.fix(path)}")
    packed = named or (text and start is not None and start.startswith(_GZIP))
    file: Any = gzip.GzipFile(fileobj=raw) if packed else raw
    if text and (start := _start(file)) is not None:
        if start[:2] in _UTF16 or b"\0" in start[:2]:
            tool = f"iconv -f {utf16_without_mark(start) or 'UTF-16'} -t UTF-8"
            command = tool if path == STANDARD else shell_command(tool, path)
            raise BatchError(f"{name}: is UTF-16. Convert it to UTF-8, for example with `{command} > NEW`.")
        if kind == JSON_LINES and start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            raise BatchError(
                f"{name}: is a JSON list, not an object per line. Convert it, for example with `jq -c .[]`."
            )
    return file


def _start(file: Any) -> bytes | None:
    """Returns the first bytes of a file; None if it cannot say."""
    try:
        return bytes(file.peek(64)[:64])
    except (AttributeError, EOFError, zlib.error, gzip.BadGzipFile):  # the rows say so when they are read
        return None


def refuse_labelled(file: IO[bytes], name: str) -> None:
    """Refuses a labelled file, whose labels would be tagged as words.

    A damaged file passes; the reader of its rows names the damage.

    Args:
        file: its content, unpacked.
        name: for errors.

    Raises:
        BatchError: it is labelled.
    """
    labelled = False
    with contextlib.suppress(EOFError, zlib.error, gzip.BadGzipFile):
        labelled = is_labelled(iter(lambda: file.readline(CHUNK_BYTES).decode("utf-8-sig", "replace"), ""))
    if labelled:
        raise BatchError(
            f"{name}: has labels that would be read as text, such as a tag at each token. {USE_OF_LABELLED}."
        )


def fields_of_input(path: str, fields: Fields, quoting: str | None = None) -> Fields:
    """Returns the fields with the text that a file names as usual; unchanged if it names none.

    Args:
        path: the file, or `-`.
        fields: key and forwarded fields; its text is replaced.
        quoting: as for `Source`.

    Raises:
        BatchError: several fields may be the text.
    """
    fields = dataclasses.replace(fields, usual=True)
    usual = text_fields_of(path, quoting)
    if len(usual) > 1:
        usual = [name for name in usual if name not in fields.kept] or usual
    if len(usual) > 1:
        names = ", ".join(map(quoted, usual))
        raise BatchError(f"--input {path}: each of the fields {names} may be the text. Name one with --text.")
    return dataclasses.replace(fields, text=usual[0], has_text=True) if usual else fields


def text_fields_of(path: str, quoting: str | None = None) -> list[str]:
    """Returns the fields of a file that have usual names of a text, the most usual first; none of unreadable files."""
    try:
        return usual_text_fields(_first_names(path, quoting))
    except (BatchError, AttributeError, OSError, ValueError, EOFError, zlib.error):  # reading the rows names the error
        return []


def _first_names(path: str, quoting: str | None) -> list[str]:
    """Returns the names in the header of a table, or in the first row of JSON; none of other files."""
    kind = input_kind(path)
    if path == STANDARD:
        return _names_on_standard_input(kind) if sys.stdin else []
    if kind in (TEXT, TFRECORD) or is_special(Path(path)) or not Path(path).is_file():
        return []
    if kind == PARQUET:
        return list(_open_parquet(path).schema_arrow.names)
    if kind == JSON_LINES:
        with open(path, "rb") as raw:
            return _names_in_row(raw, path, kind)
    with open(path, "rb") as raw:
        refuse_labelled(unpacked(raw, path, kind, path), path)  # such a table may number its sentences
    with open(path, "rb") as raw:
        kind, quoting = detect_table(unpacked(raw, path, kind, path), kind, quoting)
    with open(path, "rb") as raw:
        return header_of(read_cells(unpacked(raw, path, kind, path), kind, quoting), path)


def _names_in_row(raw: IO[bytes], path: str, kind: str) -> list[str]:
    lines = unpacked(raw, path, kind, path)
    for line in itertools.islice(iter(lambda: lines.readline(LONGEST_LINE), b""), _FIRST_LINES):
        with contextlib.suppress(ValueError):  # an empty line, or one that the reader of the rows names
            return list(parse_json_object(line.removeprefix(b"\xef\xbb\xbf")))
    return []


def row_remedy(path: str, reason: str) -> str:
    """Returns the remedy for a row that cannot be read for a reason, up to the alternative."""
    fix = encoding_remedy(path, reason)
    return f"{fix} Or" if fix else "Correct the row, or"


def encoding_remedy(path: str, reason: str) -> str:
    """Returns how to convert a file of texts that is not UTF-8; "" for others, standard input, and other reasons.

    Args:
        path: the file, or `-`.
        reason: for which a row cannot be read.
    """
    kind = input_kind(path)
    if not reason.rstrip(")").endswith("is not UTF-8"):
        return ""
    if kind in (TFRECORD, PARQUET) or is_special(Path(path)) or not Path(path).is_file():
        return ""
    with contextlib.suppress(OSError, EOFError, zlib.error), open(path, "rb") as raw:
        return encoding_fix_of(unpacked(raw, path, kind, path), path)
    return ""


def _names_on_standard_input(kind: str) -> list[str]:
    """Returns the names in the first row; standard input then begins with this row again."""
    repeated = _Repeated(sys.stdin)
    reader = io.BufferedReader(repeated)
    try:
        return _names_in_row(reader, STANDARD, kind)
    finally:
        reader.detach()
        repeated.rewind()
        sys.stdin = io.TextIOWrapper(io.BufferedReader(repeated))


class _Repeated(io.RawIOBase):
    """Binary content of a stream, which can be rewound once."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._start = io.BytesIO()
        self._is_rewound = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._start.read(len(buffer)) if self._is_rewound else b""
        if not part:
            part = self._stream.buffer.read1(len(buffer))
            if not self._is_rewound:
                self._start.write(part)
        buffer[: len(part)] = part
        return len(part)

    def rewind(self) -> None:
        self._start.seek(0)
        self._is_rewound = True


def _if_header_is_row(header: list[str]) -> str:
    """Returns advice for a table whose first line reads like a text; "" for others."""
    if not any(len(cell.split()) > _LONGEST_NAME or re.search(r"\w \S.*[.!?]$", cell) for cell in header):
        return ""
    names = ",".join(["text", *(f"column{number}" for number in range(2, len(header) + 1))][:3])
    other = ", or name the file .txt if each line is a text" if len(header) == 1 else ""
    return f" If the file has no header, add a first line with the names of its columns ({names}){other}."


def require_columns(header: list[str], fields: Fields, name: str) -> None:
    """Checks that a table has the named columns, once each.

    Raises:
        BatchError: it has not.
    """
    if not header:
        raise BatchError(f"{name}: is empty. Give a table with the column {quoted(fields.text)}.")
    for each in fields.named:
        if each not in header:
            raise BatchError(fields.missing(name, each, header) + _if_header_is_row(header))
        if header.count(each) > 1:
            raise BatchError(f"{name}: has two columns {quoted(each)}. Rename one of them.")


def chunks_of(file: IO[bytes], kind: str, quoting: str | None, name: str) -> Iterator[list[tuple[int, Any]]]:
    """Yields (number, row) of a file in lists of `CHUNK_ROWS` and `CHUNK_BYTES`; without the header.

    Raises:
        BatchError: the file is damaged.
    """
    number = 0
    try:
        records = {JSON_LINES: _lines, TEXT: _lines, TFRECORD: _records}.get(kind)
        rows_of_file = records(file) if records else _rows_of_cells(file, kind, quoting)
        while True:
            rows: list[tuple[int, Any]] = []
            size = 0
            for number, row, weight in rows_of_file:
                rows.append((number, row))
                size += weight
                if len(rows) >= CHUNK_ROWS or size >= CHUNK_BYTES:
                    break
            if not rows:
                return
            yield rows
    except (EOFError, zlib.error, gzip.BadGzipFile, _DamagedError) as error:
        raise BatchError(
            f"{name}: damaged after row {number:,} ({error}). Restore the file, or remove its end."
        ) from error


def _rows_of_cells(file: IO[bytes], kind: str, quoting: str | None) -> Iterator[tuple[int, list[str], int]]:
    for line, cells in itertools.islice(read_cells(file, kind, quoting), 1, None):
        yield line, cells, sum(map(len, cells))


def check_quoting(kind: str, quoting: str | None, path: str) -> None:
    """Checks that only tables in text have the option.

    Raises:
        BatchError: another file has it.
    """
    if quoting is not None and kind not in DELIMITERS:
        raise BatchError(f"--quoting: belongs to CSV and TSV, not to --input {path}. Leave it out.")


def detect_table(file: IO[bytes], kind: str, quoting: str | None) -> tuple[str, str]:
    """Returns kind and quoting of a table.

    CSV has the separator that Excel's first line (`sep=;`) names. Else it has commas, or what else separates the names
    of the header: semicolons, or tabs.

    Args:
        file: the table.
        kind: CSV or TSV, by its name.
        quoting: the configured one; None: `csv` for CSV, and for TSV whose first 10,000 lines are quoted as in CSV.
    """
    if kind != CSV:
        return kind, quoting or _detect_quoting(file)
    try:
        first = file.readline(LONGEST_LINE).decode("utf-8-sig", "replace")
    except (EOFError, zlib.error, gzip.BadGzipFile):  # a damaged file: reading the rows says where
        first = ""
    named = _SEPARATOR_LINE.match(first)
    unquoted = named[1] if named else re.sub('"[^"]*"', "", first)
    kinds = [one for one, delimiter in DELIMITERS.items() if delimiter in unquoted]
    return (kinds or [CSV])[0], quoting or AS_CSV


def _detect_quoting(file: IO[bytes]) -> str:
    """Returns the quoting of a TSV file.

    Quotation marks are usual in the cells of TSV, and stand for themselves there. A doubled one inside a quoted cell,
    or quotes around all cells, show that they are quotes, as in the columns of a corpus.
    """
    from components.corpus_example_gen.readers.column_layout import is_quoted

    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    sample = itertools.islice(iter(lambda: text.readline(CHUNK_BYTES), ""), _SAMPLE_LINES)
    try:
        return AS_CSV if is_quoted(((0, line.rstrip("\r\n")) for line in sample), "\t") else UNQUOTED
    except (EOFError, zlib.error, gzip.BadGzipFile):  # a damaged file: reading the rows says where
        return UNQUOTED
    finally:
        with contextlib.suppress(ValueError):
            text.detach()


def read_cells(file: IO[bytes], kind: str, quoting: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yields (line, cells) of every record of a CSV or TSV file, the header first; a record may have several lines.

    A record with an open quotation mark, which would take the lines after it, is one line; those are read again.

    Args:
        file: bytes that are not UTF-8 become surrogates, so that `rows` can report their row alone.
        kind: CSV with commas or semicolons, or TSV.
        quoting: `csv` or `none`.

    Raises:
        BatchError: too many quotation marks are not closed.
    """
    csv.field_size_limit(LONGEST_LINE)
    # Splits at \n, \r\n and \r, and leaves them in quoted cells as they are.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    record: list[str] = []
    again: collections.deque[str] = collections.deque()

    def lines() -> Iterator[str]:
        while line := again.popleft() if again else text.readline(LONGEST_LINE):
            record.append(line)
            if len(record) > _LONGEST_RECORD:
                raise csv.Error(f"a quotation mark that is not closed after {_LONGEST_RECORD:,} lines")
            yield line

    def reader() -> Iterator[list[str]]:
        if quoting == UNQUOTED:
            return csv.reader(lines(), delimiter=DELIMITERS[kind], quoting=csv.QUOTE_NONE)
        return csv.reader(lines(), delimiter=DELIMITERS[kind], strict=True)

    rows, line, width, long = reader(), 1, 0, 0
    again.append(first := text.readline(LONGEST_LINE))
    if _SEPARATOR_LINE.match(first):
        again.clear()
        line = 2
    try:
        while True:
            record.clear()
            try:
                cells = next(rows)
                if len(record) > 1 and width and len(cells) != width:
                    raise csv.Error(f"{len(cells)} cells in {len(record):,} lines, but the header has {width}")
            except StopIteration:
                return
            except csv.Error as error:
                if len(record) > 1:
                    long += len(record) > _LONG_RECORD
                    if long > _MOST_LONG_RECORDS:
                        raise BatchError(
                            f"line {line:,}: a quotation mark that is not closed, after {_MOST_LONG_RECORDS} such "
                            "lines. Add --quoting none if quotes are part of the text."
                        ) from error
                    again.extendleft(reversed(record[1:]))
                    rows = reader()
                cells = [CSV_ERROR, str(error), record[0]]
                del record[1:]
            if cells:
                width = width or len(cells)
                yield line, cells
            line += len(record)
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
"""First cell of a record that the csv module could not read; then the reason, and its line."""
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\r?\n')  # Excel's first line


def join_cells(cells: list[str], kind: str, quoting: str | None) -> str:
    """Returns a record of CSV or TSV."""
    if quoting == UNQUOTED:
        return DELIMITERS[kind].join(cells)
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITERS[kind], lineterminator="").writerow(cells)
    return line.getvalue()


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
