"""TensorFlow's `TensorProto`, to and from arrays."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from components.exporter.validator.probe.c_api import STRING, TensorFlowError, dtype_name, numpy_dtype, protos
from components.serving.server.errors import InvalidArgumentError, UnimplementedError
from components.serving.server.protocols.tensor_json import reshaped

# numpy dtype -> field with one value per element, and the type in which the field holds it
_FIELDS: dict[str, tuple[str, str]] = {
    "float32": ("float_val", "float32"),
    "float64": ("double_val", "float64"),
    "float16": ("half_val", "uint16"),
    **{name: ("int_val", name) for name in ("int8", "int16", "int32", "uint8", "uint16")},
    "int64": ("int64_val", "int64"),
    "uint32": ("uint32_val", "uint32"),
    "uint64": ("uint64_val", "uint64"),
    "bool": ("bool_val", "bool"),
    "complex64": ("scomplex_val", "float32"),
    "complex128": ("dcomplex_val", "float64"),
}
_LONGEST_VARINT = 10


def to_array(name: str, tensor: Any, most_bytes: int) -> np.ndarray:
    """Reads a tensor in either form, `tensor_content` or `*_val`.

    As in TensorFlow, the last of too few values is repeated, and no values are zeros.

    Args:
        name: of the input, for errors.
        tensor: `TensorProto`.
        most_bytes: size of the tensor; a message of a few bytes can describe one of many gigabytes.

    Raises:
        InvalidArgumentError: the message is not a tensor.
        UnimplementedError: numpy has no such dtype.
    """
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    if tensor.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise InvalidArgumentError(f"input {name}: the shape is not fully defined. Send the size of every dimension.")
    try:
        dtype = numpy_dtype(tensor.dtype)
    except (TensorFlowError, ValueError) as error:
        raise UnimplementedError(f"input {name}: tensors of DataType {tensor.dtype} cannot be sent.") from error
    count = math.prod(shape)
    if count * dtype.itemsize > most_bytes:
        raise InvalidArgumentError(
            f"input {name}: a tensor of shape {list(shape)} takes {count * dtype.itemsize} bytes, more than the limit "
            f"of {most_bytes}. Send fewer rows."
        )
    read = _from_content if tensor.tensor_content else _from_values
    return reshaped(read(name, tensor, dtype, count), shape)


def fill(tensor: Any, array: np.ndarray) -> None:
    """Writes an array into an empty `TensorProto`, with one value per element, as TensorFlow Serving does by default.

    Raises:
        UnimplementedError: TensorFlow has no such dtype.
    """
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    if array.dtype == object:
        tensor.dtype = STRING
        tensor.string_val.extend(array.ravel().tolist())
        return
    field, dtype = _field(array.dtype)
    tensor.dtype = _numbers()[array.dtype]
    getattr(tensor, field).extend(np.ascontiguousarray(array).ravel().view(dtype).tolist())


def _from_content(name: str, tensor: Any, dtype: np.dtype, count: int) -> np.ndarray:
    content = tensor.tensor_content
    if tensor.dtype == STRING:
        values = _string_list(name, content, count)
        array = np.empty(count, object)
        array[:] = values
        return array
    if len(content) != count * dtype.itemsize:
        raise InvalidArgumentError(
            f"input {name}: tensor_content has {len(content)} bytes, but the shape needs {count * dtype.itemsize}."
        )
    return np.frombuffer(content, dtype)


def _string_list(name: str, content: bytes, count: int) -> list[bytes]:
    """Decodes the sizes (varints) of all strings, which come first, then the strings."""
    sizes: list[int] = []
    at = 0
    while len(sizes) < count:
        size = shift = 0
        while True:
            if at >= len(content) or shift >= 7 * _LONGEST_VARINT:
                raise InvalidArgumentError(f"input {name}: tensor_content does not hold {count} strings.")
            byte, at = content[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        sizes.append(size)
    if len(content) - at != sum(sizes):
        raise InvalidArgumentError(f"input {name}: tensor_content does not hold {count} strings.")
    values = []
    for size in sizes:
        values.append(content[at : at + size])
        at += size
    return values


def _from_values(name: str, tensor: Any, dtype: np.dtype, count: int) -> np.ndarray:
    field, held = ("string_val", "object") if tensor.dtype == STRING else _field(dtype)
    values = getattr(tensor, field)
    if tensor.dtype == STRING:
        array = np.empty(len(values), object)
        array[:] = values
    else:
        try:
            array = np.array(values, np.int64 if field == "int_val" else held)
        except (OverflowError, ValueError) as error:
            raise InvalidArgumentError(f"input {name}: {field} holds a value that {dtype} cannot hold.") from error
        # C++ casts the 32 bits of int_val to smaller integers.
        array = array.astype(held) if field == "int_val" else array.view(dtype)
    if len(array) > count:
        raise InvalidArgumentError(f"input {name}: {field} has {len(array)} values, but the shape needs {count}.")
    if len(array) == count:
        return array
    filled = np.empty(count, dtype)
    filled[: len(array)] = array
    filled[len(array) :] = array[-1] if len(array) else b"" if tensor.dtype == STRING else 0
    return filled


def _field(dtype: np.dtype) -> tuple[str, str]:
    try:
        return _FIELDS[dtype.name]
    except KeyError:
        raise UnimplementedError(f"tensors of type {dtype} cannot be sent.") from None


@functools.cache
def _numbers() -> dict[np.dtype, int]:
    """Numpy dtype -> TensorFlow's number."""
    numbers = protos("core.framework.types_pb2").DataType.values()
    return {np.dtype(name): number for number in numbers if (name := dtype_name(number)) in _FIELDS}
