"""Strict JSON of users."""

from __future__ import annotations

import gzip
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.common import json_lines
from components.common.errors import LockHeldError, NerError
from components.common.json_lines import parse_json_object, read_json_lines

REFUSED = {
    "deep list": ('{"a": ' + "[" * 300 + "]" * 300 + "}", "more than 100 levels of lists and objects"),
    "deeper than the stack": ('{"a": ' + "[" * 90_000 + "]" * 90_000 + "}", "more than 100 levels"),
    "deep object": ('{"a": ' * 200 + "1" + "}" * 200, "more than 100 levels"),
    "number of 5000 digits": ('{"a": ' + "9" * 5000 + "}", "a number of 5000 digits"),
    "negative number of 5000 digits": ('{"a": -' + "9" * 5000 + "}", "a number of 5000 digits"),
    "infinite number": ('{"a": 1e400}', "the number 1e400, which is too large"),
    "NaN": ('{"a": NaN}', "NaN, which is not JSON"),
    "Infinity": ('{"a": [-Infinity]}', "-Infinity, which is not JSON"),
    "unpaired surrogate": ('{"a": "\\ud800"}', "U+D800, an unpaired surrogate, in the value of 'a'"),
    "surrogates in the wrong order": ('{"a": "\\ude00\\ud83d"}', "U+DE00, an unpaired surrogate"),
    "surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}', "byte 0xED is not UTF-8"),
    "surrogate in a key": ('{"\\udfff": 1}', "U+DFFF, an unpaired surrogate, in the key '\\udfff'"),
    "NUL in a value": ('{"a": ["b\\u0000"]}', "U+0000, a control character, in the value of 'a'"),
    "NUL in a key": ('{"a": {"b\\u0000": 1}}', "U+0000, a control character, in the key 'b\\x00'"),
    "backspace": ('{"a": "\\b"}', "U+0008, a control character"),
    "control character of Latin-1": ('{"a": "\x9f"}', "U+009F, a control character"),
    "line feed in a key": ('{"a\\n": 1}', "U+000A, a control character, in the key"),
    "raw NUL": ('{"a": "\0"}', "invalid JSON"),
    "key twice": ('{"a": 1, "b": 2, "a": 3}', "the key 'a' twice in an object"),
    "inner key twice": ('{"a": [{"b": 1, "b": 1}]}', "the key 'b' twice in an object"),
    "list": ("[1]", "a JSON list, not an object"),
    "text": ('"a"', "a JSON string, not an object"),
    "null": ("null", "a JSON null, not an object"),
    "two objects": ("{} {}", "invalid JSON (Extra data at character 4)"),
    "cut off": ('{"a', "invalid JSON"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "byte 0xFF is not UTF-8"),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_programs_read_differently_is_refused(text, problem):
    with pytest.raises(ValueError) as caught:
        parse_json_object(text)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 200


def test_white_space_escapes_pairs_and_a_hundred_levels_are_read():
    deep = '{"a": ' + "[" * 99 + "]" * 99 + "}"
    for text in (r'{"a": "\n\t\u0085\u00e9\ud83d\ude00 \\u0000", "b": -1.5e9, "c": {"a": 1}}', '{"a": "[[[{"}', deep):
        assert parse_json_object(text) == json.loads(text)


def test_quotes_of_user_data_are_cut():
    name = "x" * 100_000
    for text in (f'{{"{name}": 1, "{name}": 2}}', f'{{"{name}\\u0000": 2}}', f'{{"a": {"1" * 400}e{"9" * 400}}}', name):
        with pytest.raises(ValueError) as caught:
            parse_json_object(text)
        assert len(str(caught.value)) < 200


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)))
def test_the_value_is_that_of_the_library_or_an_error_of_one_class(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False).encode()):
        if invalid_characters(value):
            with pytest.raises(ValueError, match="control character"):
                parse_json_object(text)
        else:
            assert parse_json_object(text) == value


def invalid_characters(value):
    """Returns whether a name or text has a character of category Cc that is not white space in a text."""
    if isinstance(value, dict):
        names = any(unicodedata.category(char) == "Cc" for name in value for char in name)
        return names or any(map(invalid_characters, value.values()))
    if isinstance(value, list):
        return any(map(invalid_characters, value))
    texts = value if isinstance(value, str) else ""
    return any(unicodedata.category(char) == "Cc" and char not in "\t\n\v\f\r\x85" for char in texts)


def test_json_lines_come_with_their_line_numbers(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n  \n{"a": "é"}', encoding="utf-8-sig")
    assert list(read_json_lines(path)) == [(1, {"a": 1}), (4, {"a": "é"})]
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_json_lines(packed)) == [(1, {"a": 1}), (4, {"a": "é"})]


def test_invalid_json_line_is_named(tmp_path):
    path = tmp_path / "a.jsonl"
    for content, text in (
        (b'{"a": 1}\n{"a"', r"a\.jsonl:2: invalid JSON \(.*\)\. Write one object per line\."),
        (b"[1]\n", r"a\.jsonl:1: a JSON list, not an object\. Write one object per line\."),
        (b'{"a": "\xff"}\n', r"a\.jsonl:1: invalid JSON"),
        (b'\n{"a": ' + b"[" * 10**5, r"a\.jsonl:2: more than 100 levels"),
        (b'{}\n\n{"a": ' + b"1" * 10**5 + b"}", r"a\.jsonl:3: a number of 100000 digits"),
    ):
        path.write_bytes(content)
        with pytest.raises(NerError, match=text):
            list(read_json_lines(path))


def test_line_longer_than_memory_allows_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 1000)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" + b" " * 10**6))
    with pytest.raises(NerError, match=r"a\.jsonl\.gz:2: a line of more than 1000 bytes"):
        list(read_json_lines(path))


def test_unreadable_file_is_named(tmp_path):
    (tmp_path / "plain.gz").write_text("no gzip")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b'{"a": 1}\n')[:-4])
    for name in ("absent.jsonl", "plain.gz", "cut.gz"):
        with pytest.raises(LockHeldError, match=f"{name}: cannot be read"):
            list(read_json_lines(tmp_path / name, error=LockHeldError))
