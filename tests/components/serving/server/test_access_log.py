"""The access log of ner serve."""

from __future__ import annotations

import json

import pytest

from components.serving.server.access_log import flush_access_log, open_access_log, write_access_log


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "access.log"
    open_access_log(file)
    yield file
    open_access_log(tmp_path / "unused.log")


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_lines_of_requests_are_written_together_and_without_empty_fields(log):
    write_access_log(protocol="rest", model="ner", version=None, signature="", rows=2)
    write_access_log(protocol="grpc", model="ner")
    assert lines(log) == []
    flush_access_log()
    flush_access_log()
    assert [line["protocol"] for line in lines(log)] == ["rest", "grpc"]
    assert lines(log)[0].keys() == {"time", "protocol", "model", "rows"}


def test_an_event_is_written_at_once_after_the_requests_before_it_and_without_passwords(log):
    write_access_log(protocol="rest")
    write_access_log(event="source_unreadable", error="http://me:hidden-secret@mlflow:5000 failed")
    first, second = lines(log)
    assert first["protocol"] == "rest"
    assert "hidden-secret" not in second["error"]
    assert second["error"].endswith("@mlflow:5000 failed")


def test_a_full_disk_loses_lines_with_a_message_and_no_request(log, caplog):
    open_access_log("/dev/full")
    write_access_log(protocol="rest")
    flush_access_log()
    assert "No space left on device; 1 lines are lost" in caplog.text
