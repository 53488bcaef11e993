"""Tensors as JSON and back: nested lists; bytes that are no UTF-8 are `{"b64": ...}`, as in TensorFlow Serving."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np


def to_json(value: np.ndarray) -> Any:
    """Returns nested lists; numbers keep every bit (a float32 is exact as a double)."""
    if value.dtype == object:
        texts = np.empty(value.shape, object)
        for index, item in np.ndenumerate(value):
            texts[index] = _text(item)
        return texts.tolist()
    return value.tolist()


def from_json(value: Any, dtype: np.dtype) -> np.ndarray:
    """Reads what `to_json` gave, numpy arrays, and plain Python values.

    Args:
        value: nested lists or an array.
        dtype: of the result; object: `bytes`.
    """
    if dtype.kind != "O":
        return np.asarray(value, dtype)
    shape = _shape(value)
    array = np.empty(shape, object)
    for index in np.ndindex(*shape):
        item = value
        for position in index:
            item = item[position]
        array[index] = _bytes(item)
    return array


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return (len(value), *(_shape(value[0]) if value else ()))


def _text(item: bytes) -> Any:
    try:
        return item.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(item).decode()}


def _bytes(item: Any) -> bytes:
    if isinstance(item, dict):
        return base64.b64decode(item["b64"])
    return item if isinstance(item, bytes) else str(item).encode("utf-8")
