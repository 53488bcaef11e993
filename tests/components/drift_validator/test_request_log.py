"""Profiles of logged requests."""

from __future__ import annotations

import gzip
import json

import pytest

from components.drift_validator.errors import RequestLogError
from components.drift_validator.request_log import profile_requests

pytestmark = pytest.mark.extended

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
def test_requests_and_answers_are_counted(tmp_path, record):
    profile = profile_requests(write(tmp_path / "log.jsonl", record, record))
    assert (profile.sentences, profile.tokens) == (2, 4)
    assert profile.labels == {"PER": 2}
    assert profile.words == {"joe": 2, "biden": 2}


def test_answers_are_optional(tmp_path):
    assert not profile_requests(write(tmp_path / "log.jsonl", {"sentence": "Joe Biden"})).labels


def test_compressed_log_with_empty_lines_is_read(tmp_path):
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b'\n{"sentence": "a b"}\n\n'))
    assert profile_requests(path).tokens == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"sentence": "a"', "invalid JSON"),
        (b"\xff\xfe", "invalid JSON"),
        (b"[1]", "JSON list"),
        (b'{"text": "a"}', "neither `sentence`"),
        (b'{"id": 7, "entities": []}', "neither `sentence`.*`ner predict --input` writes the tokens with --tokens"),
        (b'{"sentence": 3}', "neither `sentence`"),
        (b'{"sentence": "a", "tags": "O"}', "`tags` is not a list of texts"),
        (b'{"tokens": ["a"], "tags": ["O", "O"]}', "1 token and 2 tags"),
    ],
)
def test_invalid_lines_are_named(tmp_path, line, says):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"sentence": "a"}\n' + line + b"\n")
    with pytest.raises(RequestLogError, match=f"log.jsonl:2: .*{says}"):
        profile_requests(path)


def test_missing_truncated_and_empty_files_are_named(tmp_path):
    with pytest.raises(RequestLogError, match=r"none\.jsonl: cannot be read"):
        profile_requests(tmp_path / "none.jsonl")
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"sentence": "a b"}\n' * 100)[:-12])
    with pytest.raises(RequestLogError, match=r"cut\.jsonl\.gz: cannot be read"):
        profile_requests(cut)
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(RequestLogError, match="no requests"):
        profile_requests(tmp_path / "empty.jsonl")
