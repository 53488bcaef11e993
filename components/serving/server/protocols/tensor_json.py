"""TensorFlow Serving's JSON of requests and answers (its json_tensor.cc), to and from arrays.

Its rules, messages and layout are kept, byte by byte where JSON allows. In addition, duplicate keys, text after the
document, deep nesting, invalid UTF-8 and integers out of range are refused: TensorFlow Serving takes them, and answers
another question or with invalid JSON.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, NoReturn

import numpy as np
import orjson

from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.server.errors import InvalidArgumentError, UnimplementedError
from components.serving.server.joining import Part

SIGNATURE_NAME, INSTANCES, INPUTS = "signature_name", "instances", "inputs"
_B64 = "b64"
_BYTES_SUFFIX = "_bytes"
_SHOWN = 256  # kMaxJsonDebugStringBytes
_INDENT = "    "
_SEPARATOR, _BETWEEN_STRINGS = b"\x7f", '", "'  # JSON does not escape the former, and few texts have it
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_DTYPE_NAMES = {"float32": "float", "float64": "double", "float16": "half"}  # DataTypeString
_NUMBERS = ("bool", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")
_WRITABLE = {"string", *_NUMBERS}
_DTYPES = {np.dtype(object): "string"} | {np.dtype(name): name for name in _NUMBERS}  # dtype.name takes microseconds


def parse(body: bytes) -> dict[str, Any]:
    """Parses the body of a request.

    Example:
        >>> parse(b'{"instances": ["Joe", "Xi"]}')
        {'instances': ['Joe', 'Xi']}

    Raises:
        InvalidArgumentError: the body is not a JSON object, or a key occurs twice in an object.
    """
    if not body:
        raise InvalidArgumentError("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_slowly(body)  # takes NaN and Infinity, too
    else:
        # orjson keeps the last of two equal keys. Each key has a colon, so equal numbers mean that all are there.
        colons = body.count(b":")
        if (keys := _keys(document)) != colons and keys != _STRINGS.sub(b"", body).count(b":"):
            document = _parse_slowly(body)
    if not isinstance(document, dict):
        raise InvalidArgumentError(f"JSON Value: {shown(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """Returns the signature that a request names; empty if it names none.

    Raises:
        InvalidArgumentError: the name is not a string.
    """
    name = document.get(SIGNATURE_NAME, "")
    if not isinstance(name, str):
        raise InvalidArgumentError(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def decode(document: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> tuple[dict[str, np.ndarray], bool]:
    """Reads the tensors of a request.

    Args:
        document: the parsed body.
        infos: inputs of the signature by name.

    Returns:
        The inputs by name, and True for the row form (`instances`), False for the column form (`inputs`).

    Raises:
        InvalidArgumentError: the values do not fit the signature.
        UnimplementedError: JSON has no form for the dtype of an input.
    """
    if INSTANCES in document:
        instances, problem = document[INSTANCES], None
        if INPUTS in document:
            problem = f"Not formatted correctly expecting only one of '{INPUTS}' or '{INSTANCES}' keys to exist"
        elif not isinstance(instances, list):
            problem = f"Expecting '{INSTANCES}' to be an list/array"
        elif not instances:
            problem = f"No values in '{INSTANCES}' array"
        if problem:
            raise InvalidArgumentError(f"JSON Value: {shown(document)} {problem}")
        return _from_rows(instances, infos), True
    if INPUTS in document:
        return _from_columns(document[INPUTS], infos), False
    raise InvalidArgumentError(f"Missing '{INPUTS}' or '{INSTANCES}' key")


def encode(outputs: Mapping[str, np.ndarray], row: bool) -> bytes:
    r"""Writes an answer.

    Args:
        outputs: by name.
        row: the form of the request.

    Raises:
        InvalidArgumentError: JSON has no form for a value, or the row form cannot hold outputs of several sizes.

    Example:
        >>> encode({"scores": np.array([[0.5, 1]], np.float32)}, row=True)
        b'{\n    "predictions": [[0.5, 1.0]\n    ]\n}'
    """
    if not outputs:
        raise InvalidArgumentError("Cannot convert empty tensor map to JSON")
    return (_rows(outputs) if row else _columns(outputs)).encode()


def error_body(message: str) -> bytes:
    """Returns the body of an error."""
    return f'{{\n{_INDENT}"error": {encode_basestring(message)}\n}}'.encode("utf-8", "replace")


# Parsing


def _parse_slowly(body: bytes) -> Any:
    """Parses like Python's `json`, with the rules of `parse`, and names the place of an error."""
    try:
        document = _DECODER.decode(body.decode("utf-8-sig"))
        if _SURROGATE.search(body):  # Python takes half a pair, with which no answer can be written
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("JSON Parse error: The surrogate pair in string is invalid.") from error
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(
            f"JSON Parse error: Invalid encoding in string. at offset: {error.start}. Send UTF-8, or other bytes as "
            '{"b64": ...}.'
        ) from error
    except json.JSONDecodeError as error:
        raise InvalidArgumentError(f"JSON Parse error: Invalid value. {error.msg} at offset: {error.pos}") from error
    except RecursionError as error:
        raise InvalidArgumentError("JSON Parse error: the values are nested too deeply") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgumentError(f"JSON Parse error: the key {shown(twice)} occurs twice in an object")
    return keys


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise InvalidArgumentError(f"JSON Parse error: Number too big to be stored in double: {text[:40]}")
    return value


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= 20 else _float(text)  # rapidjson reads more than 64 bits as a double


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_float, parse_int=_integer)


def _keys(document: Any) -> int:
    """Number of keys in all objects of a request; too small if lists hold objects after other values."""
    count, pending = 0, [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            count += len(value)
            pending += [item for item in value.values() if isinstance(item, (dict, list))]
        elif isinstance(value, list) and value and isinstance(value[0], (dict, list)):
            pending += value
    return count


def shown(value: Any) -> str:
    """Returns a value as JSON for an error; a long one is cut."""
    text = ""
    try:
        for part in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            text += part
            if len(text) > _SHOWN:
                break
    except RecursionError:
        text = text or "a deeply nested value"
    return text.encode("utf-8", "replace")[:_SHOWN].decode("utf-8", "ignore")


# Requests


def _from_rows(instances: list[Any], infos: Mapping[str, TensorInfo]) -> dict[str, np.ndarray]:
    if not _is_object(instances[0]) and len(infos) != 1:
        raise InvalidArgumentError(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    if _is_object(instances[0]):
        names = infos.keys()
        for index, row in enumerate(instances):
            if not _is_object(row):
                raise InvalidArgumentError(f"Expecting object but got list at item {index} of input list")
            if row.keys() != names:
                _refuse_keys(index, row, infos)
        columns = {name: [row[name] for row in instances] for name in infos}
    else:
        for index, row in enumerate(instances):
            if _is_object(row):
                raise InvalidArgumentError(f"Expecting value/list but got object at item {index} of input list")
        columns = {next(iter(infos)): instances}
    return {name: _column(name, values, infos[name].dtype, columns) for name, values in columns.items()}


def _refuse_keys(index: int, row: dict[str, Any], infos: Mapping[str, TensorInfo]) -> NoReturn:
    where = f"Failed to process element: {index}"
    for name in row:
        if name not in infos:
            raise InvalidArgumentError(
                f"{where} key: {shown(name)[1:-1]} of 'instances' list. Error: INVALID_ARGUMENT: JSON object: "
                f"does not have named input: {shown(name)[1:-1]}"
            )
    raise InvalidArgumentError(
        f"{where} of 'instances' list. JSON object: {shown(row)} keys must be equal to: {','.join(sorted(infos))}"
    )


def _column(name: str, values: list[Any], dtype: str, columns: Mapping[str, Any]) -> np.ndarray:
    """Joins the values of all rows to a tensor; if that fails, names the row that does not fit."""
    try:
        return tensor(values, dtype)
    except InvalidArgumentError:
        key = f" key: {name}" if len(columns) > 1 else ""
        first: tuple[int, ...] | None = None
        for index, value in enumerate(values):
            where = f"Failed to process element: {index}{key} of 'instances' list. Error: INVALID_ARGUMENT: "
            try:
                shape = tensor(value, dtype).shape
            except InvalidArgumentError as error:
                raise InvalidArgumentError(f"{where}{error}") from error
            first = shape if first is None else first
            if math.prod(shape) != math.prod(first):
                size = math.prod(first), math.prod(shape)
                raise InvalidArgumentError(f"{where}Expecting tensor size: {size[0]} but got: {size[1]}") from None
            if shape != first:
                shapes = (f"[{','.join(map(str, each))}]" for each in (first, shape))
                raise InvalidArgumentError(f"{where}Expecting shape {next(shapes)} but got: {next(shapes)}") from None
        raise


def _from_columns(value: Any, infos: Mapping[str, TensorInfo]) -> dict[str, np.ndarray]:
    if not _is_object(value):
        if len(infos) != 1:
            raise InvalidArgumentError(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        return {name: tensor(value, info.dtype) for name, info in infos.items()}
    for name in infos:
        if name not in value:
            raise InvalidArgumentError(f"Missing named input: {name} in 'inputs' object.")
    # TensorFlow Serving ignores other names in this form.
    return {name: tensor(value[name], info.dtype) for name, info in infos.items()}


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not (len(value) == 1 and isinstance(value.get(_B64), str))


def tensor(value: Any, dtype: str) -> np.ndarray:
    """Returns a value or nested lists as an array; the first item of each list decides on the shape.

    Raises:
        InvalidArgumentError: a value does not fit the dtype, or the lists have several lengths.
        UnimplementedError: JSON has no form for the dtype.
    """
    shape: list[int] = []
    items, first = [value], value
    while isinstance(first, list):
        size = len(first)
        flat: list[Any] = []
        for item in items:
            if not isinstance(item, list):
                raise InvalidArgumentError(
                    f"JSON Value: {shown(item)} found at incorrect level: {len(shape) + 1} in the JSON DOM. "
                    f"Expected at level: {_rank(value)}"
                )
            if len(item) != size:
                raise InvalidArgumentError(
                    f"Encountered list at unexpected size: {len(item)} at level: {len(shape)} expected size: {size}"
                )
            flat += item
        shape.append(size)
        items = flat
        if not size:
            break
        first = flat[0]
    return reshaped(_values(items, dtype, len(shape)), shape)


def reshaped(array: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Returns the array with the shape of a request.

    Raises:
        InvalidArgumentError: numpy has no such shape: too many dimensions (32 or 64), or too large ones.
    """
    try:
        return array.reshape(shape)
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(f"a tensor with {len(shape)} dimensions cannot be built: {error}") from error


def _rank(value: Any) -> int:
    rank = 0
    while isinstance(value, list):
        rank, value = rank + 1, value[0] if value else None
    return rank


def _values(items: list[Any], dtype: str, rank: int) -> np.ndarray:
    """Converts scalars [n]."""
    if dtype not in _WRITABLE:
        raise UnimplementedError(
            f"Conversion of JSON Value: {shown(items[0] if items else None)} to type: {_DTYPE_NAMES.get(dtype, dtype)}"
        )
    if dtype == "string":
        return _strings(items, rank)
    types = set(map(type, items))
    if dtype == "bool":
        fitting: set[type] = {bool}
    else:
        fitting = {int, float} if dtype.startswith("float") else {int}
    if not types <= fitting:
        _refuse(next(item for item in items if type(item) not in fitting), dtype, rank)
    if dtype.startswith("float"):
        with np.errstate(over="ignore"):  # as in C++, a double too large for a float is infinite
            return np.array(items, np.float64).astype(dtype)
    if fitting == {int} and items:
        limits = np.iinfo(dtype)
        if min(items) < limits.min or max(items) > limits.max:
            _refuse(next(item for item in items if not limits.min <= item <= limits.max), dtype, rank)
    return np.array(items, dtype)


def _strings(items: list[Any], rank: int) -> np.ndarray:
    array = np.empty(len(items), object)
    try:
        array[:] = [item.encode() for item in items]
    except AttributeError:
        array[:] = [item.encode() if isinstance(item, str) else _from_b64(item, rank) for item in items]
    return array


def _from_b64(item: Any, rank: int) -> bytes:
    if not isinstance(item, dict):
        _refuse(item, "string", rank)
    if _is_object(item):
        raise InvalidArgumentError(f"JSON Value: {shown(item)} not formatted correctly for base64 data")
    text = "".join(item[_B64].split()).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgumentError("Unable to base64 decode") from error


def _refuse(item: Any, dtype: str, rank: int) -> NoReturn:
    if isinstance(item, list):
        raise InvalidArgumentError(f"Encountered list at unexpected level: {rank} expected < {rank}")
    kinds = {bool: str(item), str: "String", dict: "Object", type(None): "Null"}
    raise InvalidArgumentError(
        f"JSON Value: {shown(item)} Type: {kinds.get(type(item), 'Number')} is not of expected type: "
        f"{_DTYPE_NAMES.get(dtype, dtype)}"
    )


# Answers


def _rows(outputs: Mapping[str, np.ndarray]) -> str:
    rows = outputs.texts(_row_texts) if isinstance(outputs, Part) else _row_texts(outputs, {})
    if not rows:
        return f'{{\n{_INDENT}"predictions": []\n}}'
    if len(outputs) == 1:
        return f'{{\n{_INDENT}"predictions": [{", ".join(rows)}\n{_INDENT}]\n}}'
    return f'{{\n{_INDENT}"predictions": [\n' + ",\n".join(rows) + f"\n{_INDENT}]\n}}"


def _row_texts(outputs: Mapping[str, np.ndarray], widths: Mapping[str, np.ndarray]) -> list[str]:
    """Returns the JSON of every row; of an output with `widths` [rows], only as many values of each row."""
    size: int | None = None
    for name, array in outputs.items():
        if not array.ndim:
            raise InvalidArgumentError(f"Tensor name: {name} has no shape information ")
        if size not in (None, array.shape[0]):
            raise InvalidArgumentError(
                f"Tensor name: {name} has inconsistent batch size: {array.shape[0]} expecting: {size}"
            )
        size = array.shape[0]
    if not size:
        return []
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        return _in_rows(name, array, 2, widths.get(name))
    columns = [_in_rows(name, array, 3, widths.get(name)) for name, array in outputs.items()]
    pattern = ",\n".join(f"{_INDENT * 3}{encode_basestring(name).replace('%', '%%')}: %s" for name in outputs)
    pattern = f"{_INDENT * 2}{{\n{pattern}\n{_INDENT * 2}}}"
    return [pattern % row for row in zip(*columns, strict=True)]


def _in_rows(name: str, array: np.ndarray, depth: int, widths: np.ndarray | None) -> list[str]:
    """Returns the values of each row, on one line."""
    if array.ndim == 1:
        return _texts(name, array, depth)
    shape = array.shape[:-1]
    texts = _lists(name, array.reshape(math.prod(shape), array.shape[-1]), depth, widths)
    while len(shape) > 1:
        size, shape = shape[-1], shape[:-1]
        texts = _grouped(texts, size, math.prod(shape), "[", ", ", "]")
    return texts


def _lists(name: str, array: np.ndarray, depth: int, widths: np.ndarray | None) -> list[str]:
    """Returns each row [rows, values] on one line; calls once for a row where that is the same as once for a value."""
    lists = array.tolist()
    if widths is not None:
        lists = [values[:width] for values, width in zip(lists, widths.tolist(), strict=True)]
    if array.dtype.kind in "iu":
        return list(map(str, lists))
    if array.dtype == object and not name.endswith(_BYTES_SUFFIX):
        return [_string_list(name, values) for values in lists]
    flat = array.ravel() if widths is None else array[np.arange(array.shape[1]) < widths[:, None]]
    texts = iter(_texts(name, flat, depth))
    return [f"[{', '.join(itertools.islice(texts, len(values)))}]" for values in lists]


def _string_list(name: str, values: Sequence[bytes]) -> str:
    joined = _SEPARATOR.join(values)
    if not values or joined.count(_SEPARATOR) >= len(values):
        return f"[{', '.join(_strings_as_json(name, values))}]"
    try:
        text = encode_basestring(joined.decode())
    except UnicodeDecodeError:
        _strings_as_json(name, values)  # names the value
        raise
    return f"[{text.replace(_SEPARATOR.decode(), _BETWEEN_STRINGS)}]"


def _columns(outputs: Mapping[str, np.ndarray]) -> str:
    objects = len(outputs) > 1
    depth = 2 if objects else 1
    values = {
        name: _nested(_texts(name, array, depth + array.ndim), array.shape, depth) for name, array in outputs.items()
    }
    if not objects:
        return f'{{\n{_INDENT}"outputs": {next(iter(values.values()))}\n}}'
    members = ",\n".join(f"{_INDENT * 2}{encode_basestring(name)}: {value}" for name, value in values.items())
    return f'{{\n{_INDENT}"outputs": {{\n{members}\n{_INDENT}}}\n}}'


def _nested(texts: Sequence[str], shape: tuple[int, ...], depth: int) -> str:
    """Joins all values, one a line."""
    while shape:
        size, shape = shape[-1], shape[:-1]
        outer = "\n" + _INDENT * (depth + len(shape))
        inner = outer + _INDENT
        texts = _grouped(texts, size, math.prod(shape), f"[{inner}", f",{inner}", f"{outer}]")
    return texts[0]


def _grouped(texts: Sequence[str], size: int, groups: int, begin: str, between: str, end: str) -> list[str]:
    if not size:
        return ["[]"] * groups
    return [begin + between.join(texts[at : at + size]) + end for at in range(0, len(texts), size)]


def _texts(name: str, array: np.ndarray, depth: int) -> list[str]:
    """Returns the JSON of every value; `depth` is the number of objects and arrays around it."""
    dtype = _DTYPES.get(array.dtype)
    if dtype is None:
        raise InvalidArgumentError(
            f"Failed to write JSON value for tensor type: {_DTYPE_NAMES.get(array.dtype.name, array.dtype.name)}. "
            f"Output {name}: use gRPC."
        )
    flat = array.ravel()
    if dtype in ("float32", "float64"):
        return decimals(flat)
    if dtype == "bool":
        return ["true" if value else "false" for value in flat.tolist()]
    if dtype != "string":
        return list(map(str, flat.tolist()))
    if name.endswith(_BYTES_SUFFIX):
        inner, outer = _INDENT * (depth + 1), _INDENT * depth
        return [f'{{\n{inner}"b64": "{base64.b64encode(value).decode()}"\n{outer}}}' for value in flat.tolist()]
    return _strings_as_json(name, flat.tolist())


def _strings_as_json(name: str, values: Sequence[bytes]) -> list[str]:
    try:
        return [encode_basestring(value.decode()) for value in values]
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(
            f"output {name}: {error.object[:20]!r} is not UTF-8, which JSON needs. Use gRPC, or a signature whose "
            f"output is named {name}{_BYTES_SUFFIX}."
        ) from error


def decimals(flat: np.ndarray) -> list[str]:
    """Writes with six digits if that is exact, otherwise with all (9 or 17); `.0` marks whole numbers."""
    values = flat.tolist()
    full = "%.9g" if flat.dtype == np.float32 else "%.17g"
    texts = [full % value for value in values]
    indices = np.flatnonzero(_may_be_short(flat))
    short = ["%.6g" % values[index] for index in indices.tolist()]  # noqa: UP031 - the fastest form
    exact = np.array(list(map(float, short)), flat.dtype) == flat[indices]
    for index, text, is_exact in zip(indices.tolist(), short, exact.tolist(), strict=True):
        text = text if is_exact else texts[index]
        texts[index] = text if "." in text or "e" in text else _NOT_FINITE.get(text) or f"{text}.0"
    return texts


def _may_be_short(flat: np.ndarray) -> np.ndarray:
    """Tests for values that six digits may represent, for whole numbers, and for those that are not finite."""
    with np.errstate(all="ignore"):
        size = np.abs(flat.astype(np.float64))
        digits = size * 10 ** (5 - np.floor(np.log10(size)))  # six before the point
        far = np.abs(digits - np.rint(digits)) > digits * 2.0**-23.9  # half of a float32's last bit
        return ~far | (size >= 1e5) | (size < 1e-37)


_NOT_FINITE = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
