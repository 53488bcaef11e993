"""Rows of a chunk: text, and the other fields as they are written in JSON."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import decimal
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from components.common.errors import quoted
from components.common.json_lines import describe_control, json_members, parse_json_object
from components.exporter.validator.probe.c_api import protos
from components.serving.batch_prediction.errors import BadRowError, BatchError
from components.serving.batch_prediction.fields import JSON_LINES, PARQUET, TEXT, TFRECORD, Fields
from components.serving.batch_prediction.sources import CSV_ERROR, join_cells

_BOM = b"\xef\xbb\xbf"
_NO_KEY: tuple[Any, ...] = (None, "", b"", [])  # null, an empty cell or text, a feature without a value
_TOO_LONG = "a line of more than 100,000,000 bytes"
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

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to tag."""
        return not self.text.strip()


@dataclasses.dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be tagged.

    Attributes:
        number: line, or number of the record, from 1.
        reason: in words.
        raw: content of the input.
        names: fields of the row, if it lacks one.
    """

    number: int
    reason: str
    raw: Any
    names: tuple[str, ...] = ()

    def report(self, file: str = "") -> str:
        """Returns the line of the file of errors: number, reason, and the row as the input has it.

        Args:
            file: in which the row is, if the input has several.
        """
        if isinstance(self.raw, _Serialized):  # binary, even if its bytes happen to be UTF-8
            row: Any = {"b64": base64.b64encode(self.raw).decode()}
        elif isinstance(self.raw, bytes):
            row = plain(self.raw.rstrip(b"\r\n"))
        else:
            row = to_json_text(self.raw)
        place = f'"file": {_encode(file)}, ' if file else ""
        return f'{{{place}"line": {self.number}, "reason": {_encode(self.reason)}, "row": {_encode(row)}}}\n'


def parse(
    kind: str, payload: Any, fields: Fields, header: list[str], quoting: str | None = None
) -> Iterator[Row | BadRow]:
    """Yields the rows of a chunk; empty lines are left out.

    Args:
        kind: of the input.
        payload: of the chunk.
        fields: to read.
        header: columns of a CSV file.
        quoting: of a CSV file.
    """
    if kind == PARQUET:
        first, batch = payload
        for number, record in enumerate(_records(batch), first):
            yield _row(number, fields, record, record)
        return
    for number, raw in payload:
        if kind == JSON_LINES:
            if raw is None or raw.strip():
                yield _json_row(number, raw, fields)
        elif kind == TEXT:
            if raw is None or raw.strip():
                yield _text_row(number, raw, fields)
        elif kind == TFRECORD:
            try:
                yield _row(number, dataclasses.replace(fields, all=True), _features(raw), _Serialized(raw))
            except ValueError as error:
                yield BadRow(number, str(error), _Serialized(raw))
        else:
            yield _cells_row(number, raw, fields, header, kind, quoting)


def _text_row(number: int, raw: bytes | None, fields: Fields) -> Row | BadRow:
    """Returns a line of plain text as a row with one field."""
    if raw is None:
        return BadRow(number, _TOO_LONG, b"")
    line = (raw.removeprefix(_BOM) if number == 1 else raw).rstrip(b"\r\n")
    return _row(number, fields, {fields.text: line}, line)


def _json_row(number: int, raw: bytes | None, fields: Fields) -> Row | BadRow:
    if raw is None:
        return BadRow(number, _TOO_LONG, b"")
    try:
        text = (raw.removeprefix(_BOM) if number == 1 else raw).decode("utf-8").strip()
        record = parse_json_object(text)
    except UnicodeDecodeError as error:
        return BadRow(number, f"invalid JSON (byte 0x{error.object[error.start]:02X} is not UTF-8)", raw)
    except ValueError as error:
        return BadRow(number, str(error), raw)
    if problem := _problem(record, fields):
        return BadRow(number, problem[0], raw, problem[1])
    return Row(number, record[fields.text], json_members(text), raw)


def _cells_row(
    number: int, cells: list[str], fields: Fields, header: list[str], kind: str, quoting: str | None
) -> Row | BadRow:
    if cells[0] == CSV_ERROR:
        return BadRow(number, f"invalid CSV ({cells[1]})", cells[2].encode("utf-8", "surrogateescape"))
    raw = join_cells(cells, kind, quoting).encode("utf-8", "surrogateescape")
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
    for name in fields.named:  # JSON with such texts is refused, here and by other programs
        value = record.get(name)
        if isinstance(value, str) and (control := describe_control(value)):
            return BadRow(number, f"{control} in the value of {quoted(name)}", raw)
    names = record if fields.all else [name for name in fields.kept if name in record]
    return Row(number, record[fields.text], {name: to_json_text(record[name]) for name in names}, raw)


def _problem(record: dict[str, Any], fields: Fields) -> tuple[str, tuple[str, ...]] | None:
    """Returns the reason for which a record cannot be tagged, and its fields if one is missing."""
    for name in fields.required:
        if name not in record:
            names = tuple(record)
            return f"no field {quoted(name)}; it has {', '.join(map(quoted, names[:10])) or 'none'}", names
    if fields.key is not None and fields.key != fields.text and record[fields.key] in _NO_KEY:
        return f"the key {quoted(fields.key)} is empty", ()
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


def _records(batch: Any) -> list[dict[str, Any]]:
    """Returns the rows of a record batch of Arrow, with values that `to_json_text` writes without a loss.

    Raises:
        BatchError: a column has values that Python cannot hold.
    """
    import pyarrow

    columns = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            columns.append(_values(column))
        except (pyarrow.ArrowException, ValueError, OverflowError, LookupError) as error:
            raise BatchError(
                f"column {quoted(name)} ({column.type}): has values that cannot be written ({error}). Leave it out of "
                "--key and --forward, or change its type."
            ) from error
    return [dict(zip(batch.schema.names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(array: Any) -> list[Any]:
    """Returns the values of an array of Arrow.

    `to_pylist` has no values for nanoseconds without pandas, and turns a float32 into the nearest double.
    """
    import pyarrow
    from pyarrow import types

    kind = array.type
    if types.is_dictionary(kind):
        return _values(array.dictionary_decode())
    if types.is_float32(kind) or types.is_float16(kind):
        return [None if value is None else _Float32(value) for value in array.to_pylist()]
    if types.is_duration(kind):
        digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[kind.unit]
        return [None if value is None else _duration(value, digits) for value in array.cast("int64").to_pylist()]
    if kind == pyarrow.time64("ns") or (types.is_timestamp(kind) and kind.unit == "ns"):
        whole = pyarrow.timestamp("us", kind.tz) if types.is_timestamp(kind) else pyarrow.time64("us")
        counts = array.cast("int64").to_pylist()
        micros = pyarrow.array([None if count is None else count // 1000 for count in counts], "int64").cast(whole)
        return [
            value if not count or not count % 1000 else _with_nanoseconds(value, count % 1000)
            for value, count in zip(micros.to_pylist(), counts, strict=True)
        ]
    if types.is_struct(kind):
        columns = [_values(column) for column in array.flatten()]
        names = [kind[index].name for index in range(kind.num_fields)]
        rows = zip(*columns, strict=True) if columns else [()] * len(array)
        return [
            dict(zip(names, values, strict=True)) if valid else None
            for values, valid in zip(rows, array.is_valid().to_pylist(), strict=True)
        ]
    if types.is_nested(kind) and hasattr(kind, "value_type"):  # lists; items of maps are pairs already
        return [_values(item.values) if item.is_valid else None for item in array]
    return list(array.to_pylist())


def _with_nanoseconds(value: datetime.datetime | datetime.time, rest: int) -> str:
    text = value.isoformat(timespec="microseconds")
    end = text.index(".") + 7
    return f"{text[:end]}{rest:03}{text[end:]}"


def _duration(count: int, digits: int) -> str:
    """Returns a duration in ISO 8601.

    Example:
        >>> _duration(-1_500, 3), _duration(7, 0), _duration(1, 9)
        ('-PT1.5S', 'PT7S', 'PT0.000000001S')
    """
    seconds = format(decimal.Decimal(abs(count)).scaleb(-digits).normalize(), "f")
    return f"{'-' if count < 0 else ''}PT{seconds}S"


class _Serialized(bytes):
    """A serialized example."""


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
    try:
        array = np.asarray(value)
        fits = array.dtype.kind in {"b": "b", "i": "i", "u": "iu", "f": "iuf"}.get(dtype.kind, "")
        if not fits or (dtype.kind in "iu" and (np.asarray(value, dtype) != array).any()):
            raise ValueError
        return np.asarray(value, dtype)
    except (ValueError, OverflowError, TypeError) as error:
        raise BadRowError(f"{quoted(name)}: {quoted(written)} is not a {dtype.name}") from error


def b64_bytes(value: Any) -> bytes | None:
    r"""Returns the bytes that `{"b64": ...}` stands for; None for every other value.

    Example:
        >>> b64_bytes({"b64": "/w=="}), b64_bytes({"b64": "a"}), b64_bytes({"b64": "/w==", "more": 1})
        (b'\xff', None, None)
    """
    if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        with contextlib.suppress(ValueError):
            return base64.b64decode(value["b64"], validate=True)
    return None


def _bytes(value: Any, written: str) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8")
    if (decoded := b64_bytes(value)) is not None:
        return decoded
    if isinstance(value, list):
        return [_bytes(item, _encode(item)) for item in value]
    return written.encode("utf-8")
