"""Tensors of KServe's Open Inference Protocol (v2) over HTTP, with its extension for binary data.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.server.engine import PredictAnswer, ServedVersion
from components.serving.server.errors import InvalidArgumentError, UnimplementedError
from components.serving.server.protocols.tensor_json import decimals, parse, reshaped, shown, tensor

BINARY_HEADER = "inference-header-content-length"
_BINARY_SIZE, _BINARY_OUTPUT, _BINARY_OUTPUTS = "binary_data_size", "binary_data", "binary_data_output"
_DATATYPES = {
    "string": "BYTES",
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    **{f"{sign}int{bits}": f"{sign}int{bits}".upper() for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


@dataclasses.dataclass(frozen=True)
class InferRequest:
    """A parsed request; `inputs` reads its tensors.

    Attributes:
        id: of the request; None if it has none.
        signature: its name; empty: the default.
        timeout: seconds; None: the server's.
        outputs: name -> True if it is to be binary; empty: all.
        binary: whether outputs that `outputs` does not name are binary.
        tensors: the entries of `inputs`.
        tail: the binary data.
    """

    id: str | None
    signature: str
    timeout: float | None
    outputs: Mapping[str, bool]
    binary: bool
    tensors: list[Any]
    tail: bytes


def parse_request(body: bytes, header_length: str | None) -> InferRequest:
    """Parses the body.

    Args:
        body: JSON, and binary data after it if there is a header length.
        header_length: value of the header `Inference-Header-Content-Length`.

    Raises:
        InvalidArgumentError: the body does not follow the protocol.
    """
    tail = b""
    if header_length is not None:
        if not header_length.isdecimal() or int(header_length[:20]) > len(body):
            raise InvalidArgumentError(
                f"header Inference-Header-Content-Length: {shown(header_length)} is not a number up to the size of the "
                f"body, {len(body)}."
            )
        body, tail = body[: int(header_length)], body[int(header_length) :]
    document = parse(body)
    parameters = _parameters(document, "the request")
    signature = parameters.get("signature_name", "")
    if not isinstance(signature, str):
        raise InvalidArgumentError(f"parameters.signature_name: expected a string, got {shown(signature)}.")
    identifier = document.get("id")
    if not isinstance(identifier, str | None):
        raise InvalidArgumentError(f"id: expected a string, got {shown(identifier)}.")
    timeout = parameters.get("timeout")
    if timeout is not None and (type(timeout) is not int or timeout <= 0):
        raise InvalidArgumentError(f"parameters.timeout: expected microseconds above 0, got {shown(timeout)}.")
    return InferRequest(
        id=identifier,
        signature=signature,
        timeout=None if timeout is None else timeout / 1e6,
        outputs=_outputs(document),
        binary=_is_true(parameters, _BINARY_OUTPUTS, "the request", False),
        tensors=_list(document, "inputs"),
        tail=tail,
    )


def inputs(request: InferRequest, infos: Mapping[str, TensorInfo]) -> dict[str, np.ndarray]:
    """Reads the tensors of a request.

    Raises:
        InvalidArgumentError: they do not fit the signature.
        UnimplementedError: the datatype needs the binary form.
    """
    arrays: dict[str, np.ndarray] = {}
    at = 0
    for entry in request.tensors:
        name = _name(entry, "inputs")
        if name not in infos or name in arrays:
            problem = "occurs twice" if name in arrays else "is not an input of the signature"
            raise InvalidArgumentError(f"inputs: {shown(name)} {problem}. Send {', '.join(sorted(infos))} once each.")
        dtype = infos[name].dtype
        if entry.get("datatype") != _DATATYPES.get(dtype):
            raise InvalidArgumentError(
                f"input {name}: expected datatype {_DATATYPES.get(dtype, dtype)}, got {shown(entry.get('datatype'))}."
            )
        shape = entry.get("shape")
        if not isinstance(shape, list) or any(type(size) is not int or size < 0 for size in shape):
            raise InvalidArgumentError(f"input {name}: expected a shape of sizes from 0, got {shown(shape)}.")
        size = _parameters(entry, f"input {name}").get(_BINARY_SIZE)
        if size is not None and "data" in entry:
            raise InvalidArgumentError(f"input {name}: has both data and {_BINARY_SIZE}. Send one of them.")
        if size is None:
            arrays[name] = _from_json(name, entry, dtype, shape)
            continue
        if type(size) is not int or not 0 <= size <= len(request.tail) - at:
            raise InvalidArgumentError(
                f"input {name}: {_BINARY_SIZE} is {shown(size)}, but {len(request.tail) - at} bytes are left. Send the "
                "header Inference-Header-Content-Length and the data after the JSON."
            )
        arrays[name] = _from_binary(name, request.tail[at : at + size], dtype, shape)
        at += size
    if missing := sorted(infos.keys() - arrays.keys()):
        raise InvalidArgumentError(f"inputs: {missing[0]} is missing. Send {', '.join(sorted(infos))}.")
    if at != len(request.tail):
        raise InvalidArgumentError(f"{len(request.tail) - at} bytes of binary data belong to no input.")
    return arrays


def encode(model: str, request: InferRequest, answer: PredictAnswer) -> tuple[bytes, int | None]:
    """Writes an answer.

    Returns:
        The body, and the length of its JSON if binary data follows.

    Raises:
        InvalidArgumentError: a string is not UTF-8 and not to be sent as binary data.
    """
    entries, tail = [], []
    for name, array in answer.outputs.items():
        dtype = "string" if array.dtype == object else array.dtype.name
        if dtype not in _DATATYPES:
            raise InvalidArgumentError(f"output {name}: the protocol has no datatype for {dtype}. Use gRPC.")
        entry: dict[str, Any] = {"name": name, "datatype": _DATATYPES[dtype], "shape": list(array.shape)}
        if request.outputs.get(name, request.binary):
            data = _to_binary(array)
            entry["parameters"] = {_BINARY_SIZE: len(data)}
            tail.append(data)
        else:
            entry["data"] = _to_json(name, array)
        entries.append(entry)
    document: dict[str, Any] = {"model_name": model, "model_version": str(answer.version)}
    if request.id is not None:
        document["id"] = request.id
    document |= {"parameters": {"signature_name": answer.signature}, "outputs": entries}
    header = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join([header, *tail]), len(header) if tail else None


def metadata(served: ServedVersion, versions: list[int], signature: str) -> dict[str, Any]:
    """Describes a signature of a version."""
    described = served.signatures[signature]
    return {
        "name": served.model,
        "versions": [str(version) for version in versions],
        "platform": "tensorflow_savedmodel",
        "inputs": _described(described.inputs),
        "outputs": _described(described.outputs),
        "parameters": {
            "signature_name": signature,
            "signatures": ",".join(served.signatures),
            "version": str(served.number),
            "labels": ",".join(served.labels),
        },
    }


def _described(infos: Mapping[str, TensorInfo]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "datatype": _DATATYPES.get(info.dtype, info.dtype.upper()),
            "shape": [-1 if size is None else size for size in ([None] if info.shape is None else info.shape)],
        }
        for name, info in infos.items()
    ]


def _parameters(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    parameters = entry.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InvalidArgumentError(f"parameters of {where}: expected an object, got {shown(parameters)}.")
    return parameters


def _is_true(parameters: Mapping[str, Any], name: str, where: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"parameters.{name} of {where}: expected true or false, got {shown(value)}.")
    return value


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    entries = document.get(key)
    if not isinstance(entries, list):
        raise InvalidArgumentError(f"{key}: expected a list of tensors, got {shown(entries)}.")
    return entries


def _name(entry: Any, key: str) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise InvalidArgumentError(f"{key}: expected objects with a name, got {shown(entry)}.")
    return str(entry["name"])


def _outputs(document: Mapping[str, Any]) -> dict[str, bool]:
    outputs: dict[str, bool] = {}
    binary = _is_true(_parameters(document, "the request"), _BINARY_OUTPUTS, "the request", False)
    for entry in _list(document, "outputs") if "outputs" in document else []:
        name = _name(entry, "outputs")
        if name in outputs:
            raise InvalidArgumentError(f"outputs: {shown(name)} occurs twice. Request each output once.")
        parameters = _parameters(entry, f"output {name}")
        if "classification" in parameters:
            raise UnimplementedError(f"output {name}: the parameter classification is not supported. Leave it out.")
        outputs[name] = _is_true(parameters, _BINARY_OUTPUT, f"output {name}", binary)
    return outputs


def _from_json(name: str, entry: Mapping[str, Any], dtype: str, shape: list[int]) -> np.ndarray:
    data = entry.get("data")
    if not isinstance(data, list):
        raise InvalidArgumentError(f"input {name}: expected a list as data, got {shown(data)}.")
    try:
        array = tensor(data, dtype)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"input {name}: {error}") from error
    if array.size != math.prod(shape) or (array.ndim > 1 and list(array.shape) != shape):
        raise InvalidArgumentError(f"input {name}: data of shape {list(array.shape)} does not fit the shape {shape}.")
    return reshaped(array, shape)


def _from_binary(name: str, data: bytes, dtype: str, shape: list[int]) -> np.ndarray:
    count = math.prod(shape)
    if dtype != "string":
        held = np.dtype(dtype).newbyteorder("<")
        if len(data) != count * held.itemsize:
            raise InvalidArgumentError(
                f"input {name}: {len(data)} bytes of binary data, but the shape {shape} needs {count * held.itemsize}."
            )
        return reshaped(np.frombuffer(data, held).astype(dtype), shape)
    values, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + size > len(data):
            raise InvalidArgumentError(f"input {name}: the binary data ends within an element.")
        values.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if len(values) != count:
        raise InvalidArgumentError(f"input {name}: {len(values)} elements, but the shape {shape} needs {count}.")
    array = np.empty(count, object)
    array[:] = values
    return reshaped(array, shape)


def _to_json(name: str, array: np.ndarray) -> Any:
    flat = array.ravel()
    if array.dtype == object:
        try:
            return [value.decode() for value in flat.tolist()]
        except UnicodeDecodeError as error:
            raise InvalidArgumentError(
                f"output {name}: {error.object[:20]!r} is not UTF-8, which JSON needs. Request it as binary data."
            ) from error
    if array.dtype.kind == "f" and not np.isfinite(flat).all():
        return orjson.Fragment(f"[{','.join(decimals(flat))}]")  # orjson would write null for NaN and Infinity
    return flat.tolist() if array.dtype == np.float16 else np.ascontiguousarray(flat)


def _to_binary(array: np.ndarray) -> bytes:
    if array.dtype != object:
        return array.astype(array.dtype.newbyteorder("<")).tobytes()
    return b"".join(len(value).to_bytes(4, "little") + value for value in array.ravel().tolist())
