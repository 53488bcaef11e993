"""Strict JSON of users: corpora, logged requests, labels.

`json.loads` alone accepts what no other program reads the same way: a key twice, NaN, unpaired surrogates. On deep
or long input it raises errors that name no place. Every value from a user passes through here; files that this project
wrote itself do not.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed lacks it
from pathlib import Path
from typing import Any, NoReturn

from components.common.errors import NerError, quoted

LONGEST_LINE = 100_000_000
"""Most bytes of a line of a log; a small compressed file can hold a line that is larger than memory."""

_DEEPEST = 100  # levels; Python's own limit depends on the caller's stack
_MOST_DIGITS = 100  # a float holds 308; Python converts up to 4300
_LARGEST = 1e100
# Control characters except white space (U+0009 to U+000D, U+0085), and surrogates, which a valid pair does not leave.
_INVALID = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_INVALID_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Escapes that can write such a character, and the characters that need no escape.
_SUSPECT = re.compile(r"\\[ubfnrt]|[\x7f-\x9f\ud800-\udfff]")
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')
_TOO_DEEP = f"more than {_DEEPEST} levels of lists and objects"
_SPACE = re.compile(r"[ \t\n\r]*")
_BOM = b"\xef\xbb\xbf"


def read_json_lines(path: Path, *, error: type[NerError] = NerError) -> Iterator[tuple[int, dict[str, Any]]]:
    r"""Yields (line number from 1, object) of a file of JSON lines; skips empty lines and unpacks `.gz`.

    Args:
        path: local file.
        error: raised, with file and line, if the file cannot be read or a line is not a JSON object.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "log.jsonl").write_text('{"key": "a"}\n\n{"key": "b"}\n')
        >>> list(read_json_lines(folder / "log.jsonl"))
        [(1, {'key': 'a'}), (3, {'key': 'b'})]
    """
    number = 1
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise ValueError(f"a line of more than {LONGEST_LINE} bytes")
                if line.strip():
                    yield number, parse_json_object(line.removeprefix(_BOM) if number == 1 else line)
                number += 1
    except ValueError as reason:
        raise error(f"{path}:{number}: {reason}. Write one object per line.") from reason
    except (OSError, EOFError, zlib.error) as reason:
        text = getattr(reason, "strerror", None) or reason
        raise error(f"{path}: cannot be read ({text}). Give a file of JSON lines.") from reason


_NAMES = {list: "list", str: "string", int: "number", float: "number", bool: "truth value", type(None): "null"}


def parse_json_object(text: str | bytes) -> dict[str, Any]:
    """Parses a JSON object as RFC 8259 and I-JSON (RFC 7493) have it.

    Raises:
        ValueError: the text is not JSON or not UTF-8, another JSON value, or it contains what programs read differently
            or cannot hold: a key twice, NaN, a number of more than 100 digits, more than 100 levels, U+0000 and other
            control characters except white space, unpaired surrogates. The message quotes at most a few words.

    Example:
        >>> parse_json_object('{"id": 1, "id": 2}')
        Traceback (most recent call last):
        ValueError: the key 'id' twice in an object
        >>> parse_json_object("[1, 2]")
        Traceback (most recent call last):
        ValueError: a JSON list, not an object
    """
    try:
        line = text if isinstance(text, str) else text.decode("utf-8")
        value = _DECODER.decode(line)
    except UnicodeDecodeError as error:
        raise ValueError(f"invalid JSON (byte 0x{error.object[error.start]:02X} is not UTF-8)") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"invalid JSON ({error.msg} at character {error.pos + 1})") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if not isinstance(value, dict):
        raise ValueError(f"a JSON {_NAMES[type(value)]}, not an object")
    if line.count("[") + line.count("{") > _DEEPEST:
        _check_depth(line)
    if _SUSPECT.search(line):
        _check_characters(value)
    return value


def json_members(text: str) -> dict[str, str]:
    r"""Returns name -> value as written, of the text of an object that `parse_json_object` accepted.

    Numbers keep their digits: a float does not become another text, nor a long integer a float.

    Example:
        >>> json_members('{"id": 12345678901234567890, "price": 1.10, "at": {"x": null}}')
        {'id': '12345678901234567890', 'price': '1.10', 'at': '{"x": null}'}
    """
    members = {}
    at = _SPACE.match(text, text.index("{") + 1).end()  # type: ignore[union-attr]  # matches the empty text
    while text[at] != "}":
        name, at = scanstring(text, at + 1, True)
        at = _SPACE.match(text, text.index(":", at) + 1).end()  # type: ignore[union-attr]
        _, end = _DECODER.scan_once(text, at)  # type: ignore[attr-defined]  # typeshed lacks it
        members[name] = text[at:end]
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]
        if text[at] == ",":
            at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
    return members


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {quoted(twice)} twice in an object")
    return value


def _integer(text: str) -> int:
    digits = len(text.lstrip("-"))
    if digits > _MOST_DIGITS:
        raise ValueError(f"a number of {digits} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if abs(value) > _LARGEST:
        raise ValueError(f"the number {quoted(text)[1:-1]}, which is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text}, which is not JSON")


def _check_depth(line: str) -> None:
    """Checks the levels of a line that is valid JSON."""
    depth = 0
    for match in _BRACKETS.finditer(line):
        bracket = match[0]
        if bracket in "[{":
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(_TOO_DEEP)
        elif bracket in "]}":
            depth -= 1


def _check_characters(value: dict[str, Any]) -> None:
    """Checks all names and texts of a value."""
    rest: list[tuple[str, Any]] = [("", value)]
    while rest:
        name, part = rest.pop()
        if isinstance(part, dict):
            for key in part:
                if invalid := _INVALID_IN_NAME.search(key):
                    raise ValueError(f"{_code(invalid[0])} in the key {quoted(key)}")
            rest.extend(part.items())
        elif isinstance(part, list):
            rest.extend((name, item) for item in part)
        elif isinstance(part, str) and (control := describe_control(part)):
            raise ValueError(f"{control} in the value of {quoted(name)}")


def without_controls(text: str) -> str:
    """Replaces what `parse_json_object` refuses by U+FFFD, character by character, so that offsets stay.

    Example:
        >>> without_controls("a" + chr(0) + "b")
        'a\ufffdb'
    """
    return _INVALID.sub("\ufffd", text)


def _code(char: str) -> str:
    kind = "an unpaired surrogate" if "\ud800" <= char <= "\udfff" else "a control character"
    return f"U+{ord(char):04X}, {kind},"


def describe_control(text: str) -> str | None:
    """Describes the first control character (white space is none) or surrogate of a text; None if it has none.

    Example:
        >>> describe_control("a b"), describe_control("a" + chr(7))
        (None, 'U+0007, a control character,')
    """
    match = _INVALID.search(text)
    return _code(match[0]) if match else None


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant)
