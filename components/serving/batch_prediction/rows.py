"""Rows of a chunk: text, and the other fields as they are written in JSON."""

from __future__ import annotations

import base64
import csv
import dataclasses
import datetime
import decimal
import io
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from components.common.errors import quoted
from components.common.json_lines import json_members, parse_json_object
from components.exporter.validator.probe.c_api import protos
from components.serving.batch_prediction.errors import BadRowError
from components.serving.batch_prediction.fields import JSON_LINES, PARQUET, TFRECORD, TSV, Fields
from components.serving.batch_prediction.sources import CSV_ERROR

_BOM = b"\xef\xbb\xbf"
_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A row that can be tagged.

    Attributes:
        number: line, or number of the record, from 1.
        text: the sentence.
        members: field -> value as JSON text: that of the input if it is JSON.
        raw: content of the input, for a report of errors; bytes, or a record of Parquet.
    """

    number: int
    text: str
    members: dict[str, str]
    raw: Any


@dataclasses.dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be tagged.

    Attributes:
        number: line, or number of the record, from 1; 0: unknown.
        reason: in words.
        raw: content of the input.
        names: fields of the row, if it lacks one.
    """

    number: int
    reason: str
    raw: Any
    names: tuple[str, ...] = ()

    def report(self) -> str:
        """Returns the line of the file of errors: number, reason, and the row as the input has it."""
        content = self.raw if isinstance(self.raw, bytes) else _encode(plain(self.raw)).encode()
        row = plain(content.rstrip(b"\r\n"))
        line = f'"line": {self.number}, ' if self.number else ""
        return f'{{{line}"reason": {_encode(self.reason)}, "row": {_encode(row)}}}\n'


def parse(kind: str, payload: Any, fields: Fields, header: list[str]) -> Iterator[Row | BadRow]:
    """Yields the rows of a chunk; empty lines are left out.

    Args:
        kind: of the input.
        payload: of the chunk.
        fields: to read.
        header: columns of a CSV file.
    """
    if kind == PARQUET:
        first, batch = payload
        for number, record in enumerate(batch if isinstance(batch, list) else batch.to_pylist(), first):
            yield _row(number, fields, record, record)
        return
    for number, raw in payload:
        if kind == JSON_LINES:
            if raw is None or raw.strip():
                yield _json_row(number, raw, fields)
        elif kind == TFRECORD:
            try:
                yield _row(number, dataclasses.replace(fields, all=True), _features(raw), raw)
            except ValueError as error:
                yield BadRow(number, str(error), raw)
        else:
            yield _cells_row(number, raw, fields, header, "\t" if kind == TSV else ",")


def _json_row(number: int, raw: bytes | None, fields: Fields) -> Row | BadRow:
    if raw is None:
        return BadRow(number, "a line of more than 100,000,000 bytes", b"")
    try:
        text = (raw.removeprefix(_BOM) if number <= 1 else raw).decode("utf-8").strip()
        record = parse_json_object(text)
    except UnicodeDecodeError as error:
        return BadRow(number, f"invalid JSON (byte 0x{error.object[error.start]:02X} is not UTF-8)", raw)
    except ValueError as error:
        return BadRow(number, str(error), raw)
    if problem := _problem(record, fields):
        return BadRow(number, problem[0], raw, problem[1])
    return Row(number, record[fields.text], json_members(text), raw)


def _cells_row(number: int, cells: list[str], fields: Fields, header: list[str], delimiter: str) -> Row | BadRow:
    if cells[0] == CSV_ERROR:
        return BadRow(number, f"invalid CSV ({cells[1]})", b"")
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
    raw = line.getvalue().encode("utf-8", "surrogateescape")
    if len(cells) != len(header):
        return BadRow(number, f"{len(cells)} cells, but the header has {len(header)}", raw)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return BadRow(number, f"byte 0x{error.object[error.start]:02X} is not UTF-8", raw)
    return _row(number, fields, dict(zip(header, cells, strict=True)), raw)


def _row(number: int, fields: Fields, record: dict[str, Any], raw: Any) -> Row | BadRow:
    if isinstance(record.get(fields.text), bytes):
        try:
            record = {**record, fields.text: record[fields.text].decode("utf-8")}
        except UnicodeDecodeError as error:
            return BadRow(number, f"{quoted(fields.text)}: byte 0x{error.object[error.start]:02X} is not UTF-8", raw)
    if problem := _problem(record, fields):
        return BadRow(number, problem[0], raw, problem[1])
    names = record if fields.all else [name for name in fields.kept if name in record]
    return Row(number, record[fields.text], {name: to_json_text(record[name]) for name in names}, raw)


def _problem(record: dict[str, Any], fields: Fields) -> tuple[str, tuple[str, ...]] | None:
    """Returns the reason for which a record cannot be tagged, and its fields if one is missing."""
    for name in fields.required:
        if name not in record:
            names = tuple(record)
            return f"no field {quoted(name)}; it has {', '.join(map(quoted, names[:10])) or 'none'}", names
    text = record[fields.text]
    if not isinstance(text, str):
        return f"{quoted(fields.text)}: {quoted(plain(text))} is not a text", ()
    return None


def _features(raw: bytes) -> dict[str, Any]:
    """Returns the features of a tf.Example: one value, or a list of several."""
    example = protos("core.example.example_pb2").Example()
    try:
        example.ParseFromString(raw)
    except Exception as error:  # the type differs between versions of protobuf
        raise ValueError(f"not a tf.Example ({error})") from error
    record: dict[str, Any] = {}
    for name, feature in sorted(example.features.feature.items()):
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        if kind == "float_list":
            values = [_Float32(value) for value in values]
        record[name] = values[0] if len(values) == 1 else values
    return record


class _Float32(float):
    """A float32, written with the digits that name it."""


def to_json_text(value: Any) -> str:
    r"""Returns a value of Parquet, CSV or tf.Example as JSON: bytes that are not UTF-8 are `{"b64": ...}`.

    Example:
        >>> import decimal
        >>> to_json_text([decimal.Decimal("1.10"), b"\xff", None]), to_json_text(float("nan"))
        ('[1.10, {"b64": "/w=="}, null]', '"NaN"')
    """
    if isinstance(value, str):
        return _encode(value)
    if value is None or isinstance(value, bool | int):
        return _encode(value)
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, _Float32) and math.isfinite(value):
        return str(np.float32(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_json_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_encode(str(name))}: {to_json_text(item)}' for name, item in value.items())}}}"
    return _encode(plain(value))


def plain(value: Any) -> Any:
    """Returns a value that JSON can hold: times in ISO 8601, numbers that are not finite as texts."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def feature(row: Row, name: str, dtype: np.dtype) -> Any:
    """Returns the value of a field for an input of a signature.

    Args:
        row: the row.
        name: field, and input of the signature.
        dtype: of the input; object: strings. A number becomes a string with its digits.

    Raises:
        BadRowError: the row lacks the field, or the value does not fit.
    """
    if name not in row.members:
        raise BadRowError(f"no field {quoted(name)}, which the signature takes")
    written = row.members[name]
    value = json.loads(written)
    if dtype.kind == "O":
        return _bytes(value, written)
    array = np.asarray(value)
    fits = array.dtype.kind in {"b": "b", "i": "i", "u": "iu", "f": "iuf"}.get(dtype.kind, "")
    try:
        if not fits or (dtype.kind in "iu" and (np.asarray(value, dtype) != array).any()):
            raise ValueError
        return np.asarray(value, dtype)
    except (ValueError, OverflowError, TypeError) as error:
        raise BadRowError(f"{quoted(name)}: {quoted(written)} is not a {dtype.name}") from error


def _bytes(value: Any, written: str) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    if isinstance(value, list):
        return [_bytes(item, _encode(item)) for item in value]
    return written.encode("utf-8")
