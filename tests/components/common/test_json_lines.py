"""Files of JSON lines."""

from __future__ import annotations

import gzip

import pytest

from components.evaluator.delayed_labels.json_lines import read_json_lines
from components.evaluator.errors import EvaluationError


def test_objects_are_read_with_their_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n  \n{"a": "é"}', encoding="utf-8")
    assert list(read_json_lines(path)) == [(1, {"a": 1}), (4, {"a": "é"})]


def test_gzip_is_unpacked(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n'))
    assert list(read_json_lines(path)) == [(1, {"a": 1})]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"a": 1}\n{"a"', r"a\.jsonl:2: is no whole JSON value"),
        (b"[1]\n", r"a\.jsonl:1: is a JSON list; write one object a line"),
        (b'{"a": "\xff"}\n', r"a\.jsonl:1: is no whole JSON value"),
    ],
)
def test_other_lines_are_named(tmp_path, content, text):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(EvaluationError, match=text):
        list(read_json_lines(path))


@pytest.mark.parametrize("name", ["absent.jsonl", "plain.gz"])
def test_file_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / "plain.gz").write_text("no gzip")
    with pytest.raises(EvaluationError, match=f"{name}: cannot be read"):
        list(read_json_lines(tmp_path / name))
