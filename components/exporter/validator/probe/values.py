"""Values that are sent to a model: unusual texts, keys and numbers, and tensors as JSON.

JSON has nested lists; bytes that are not UTF-8 are `{"b64": ...}`, as in TensorFlow Serving.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

UNUSUAL_TEXTS: dict[str, bytes] = {
    "empty": b"",
    "spaces only": b" \t\r\n ",
    "5,000 words": b"Paris went to the word " * 1000,
    "one word of 10,000 letters": b"a" * 10_000,
    "emoji": "Joe 👩‍👩‍👧‍👦 visited 🇫🇷 Paris".encode(),
    "combining marks": "Zoe\u0308 Müller e\u0301t Ame\u0301lie".encode(),
    "right to left": "בנימין נתניהו ביקר בפריז، محمد في القاهرة".encode(),
    "NUL": b"Joe\0Biden went\0 to Paris",
    "invalid UTF-8": b"Joe \xff\xfe Biden \xc3( went \xed\xa0\x80 to Paris \xf0\x9f",
    "ideographic space": "東京\u3000パリ\u3000行く".encode(),
    "no-break space": "Joe\u00a0Biden\u00a0went to\u00a0Paris".encode(),
    "byte order mark, zero width": "\ufeffJoe\u200bBiden went to\u2060Paris".encode(),
    "control characters": b"Joe\x01\x1f\x7f Biden \x85 \xc2\x85 Paris",
    "brackets like padding": b"[PAD] [UNK] <pad> Paris",
}
LONG_TEXTS = frozenset({"5,000 words", "one word of 10,000 letters"})
UNKNOWN_WORDS = "qzxv wvkjq xqzzy vvqj"
PLAIN_TEXTS = (
    "Joe Biden visited Paris France",
    "Angela Merkel went to New Delhi India",
    "",
    "Ostrava",
    "The 3 delegates, led by J. Smith-Jones, flew from Rio de Janeiro to Sri Lanka on Monday.",
    UNKNOWN_WORDS,
)
UNUSUAL_KEYS: tuple[bytes, ...] = (
    b"key-9",
    b"key-1",
    b"key-5",
    b"key-1",
    b"",
    b"",
    b"k" * 10_240,
    b" spaced key\t",
    "klíč 🔑".encode(),
    b"nul\0inside",
    b"\xff\xfe not UTF-8",
    b"0017",
    b"[PAD]",
)


def unusual_numbers(dtype: np.dtype) -> np.ndarray:
    """Returns values [n] of a numeric dtype that do not survive arithmetic: extremes, NaN, -0.0, duplicates."""
    if dtype == np.bool_:
        return np.array([True, False, False, True])
    if np.issubdtype(dtype, np.floating):
        info = np.finfo(dtype)
        values = [0.0, -0.0, 1.5, 1.5, -7.25, np.inf, -np.inf, np.nan, info.max, info.tiny, 1 / 3]
        return np.array(values, dtype)
    limits = np.iinfo(dtype)
    return np.array([7, 0, 3, 3, limits.max, limits.min, 1], dtype)


def strings(values: Any) -> np.ndarray:
    """Returns a vector of `bytes` objects."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def to_json(value: Any) -> Any:
    r"""Converts arrays, bytes and nested lists to JSON; numbers keep every bit (a float32 is exact as a double).

    Example:
        >>> to_json(np.array([b"a", b"\xff"], object))
        ['a', {'b64': '/w=='}]
    """
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist())
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}
    return value


def from_json(value: Any, dtype: np.dtype) -> np.ndarray:
    r"""Reads the output of `to_json`, numpy arrays, and plain Python values.

    Args:
        value: nested lists or an array.
        dtype: of the result; object: `bytes`.

    Raises:
        ValueError: lists at the same level have different lengths.

    Example:
        >>> from_json(["a", {"b64": "/w=="}], np.dtype(object))
        array([b'a', b'\xff'], dtype=object)
    """
    if dtype.kind != "O":
        return np.asarray(value, dtype)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    shape = _shape(value)
    return strings(_flat(value, shape)).reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return (len(value), *(_shape(value[0]) if value else ()))


def _flat(value: Any, shape: tuple[int, ...]) -> list[bytes]:
    if isinstance(value, list | tuple) != bool(shape) or (shape and len(value) != shape[0]):
        raise ValueError("lists of different lengths")
    return [each for item in value for each in _flat(item, shape[1:])] if shape else [_bytes(value)]


def _bytes(item: Any) -> bytes:
    if isinstance(item, dict):
        return base64.b64decode(item["b64"])
    return item if isinstance(item, bytes) else str(item).encode("utf-8")
