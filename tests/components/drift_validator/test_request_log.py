"""Logged requests."""

from __future__ import annotations

import gzip
import json

import pytest

from components.drift_validator.errors import RequestLogError
from components.drift_validator.request_log import profile_requests

ANSWER = {"tokens": ["Joe", "Biden", "[PAD]"], "tags": ["B-PER", "I-PER", "[PAD]"]}


def write(path, *records):
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "record",
    [
        {"sentence": "Joe Biden", **ANSWER},
        ANSWER,
        {"instance": {"sentence": "Joe Biden", "key": "7"}, "prediction": ANSWER},
    ],
    ids=["flat", "tokens only", "Vertex AI"],
)
def test_what_was_asked_and_answered_is_counted(tmp_path, record):
    profile = profile_requests(write(tmp_path / "log.jsonl", record, record))
    assert (profile.sentences, profile.tokens) == (2, 4)
    assert profile.labels == {"PER": 2}
    assert profile.words == {"joe": 2, "biden": 2}


def test_answers_need_not_be_logged(tmp_path):
    assert not profile_requests(write(tmp_path / "log.jsonl", {"sentence": "Joe Biden"})).labels


def test_a_packed_log_is_unpacked_and_empty_lines_are_passed_over(tmp_path):
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b'\n{"sentence": "a b"}\n\n'))
    assert profile_requests(path).tokens == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"sentence": "a"', "no whole JSON"),
        (b"\xff\xfe", "no whole JSON"),
        (b"[1]", "JSON list"),
        (b'{"text": "a"}', "neither a text sentence nor tokens"),
        (b'{"sentence": 3}', "neither a text sentence nor tokens"),
        (b'{"sentence": "a", "tags": "O"}', "tags is no list of texts"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, line, says):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"sentence": "a"}\n' + line + b"\n")
    with pytest.raises(RequestLogError, match=f"log.jsonl:2: .*{says}"):
        profile_requests(path)


def test_a_file_that_is_missing_cut_or_empty_is_named(tmp_path):
    with pytest.raises(RequestLogError, match=r"none\.jsonl: cannot be read"):
        profile_requests(tmp_path / "none.jsonl")
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"sentence": "a b"}\n' * 100)[:-12])
    with pytest.raises(RequestLogError, match=r"cut\.jsonl\.gz: cannot be read"):
        profile_requests(cut)
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(RequestLogError, match="holds no request"):
        profile_requests(tmp_path / "empty.jsonl")
