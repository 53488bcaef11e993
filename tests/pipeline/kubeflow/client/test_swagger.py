"""The specification as a judge: that it judges, and what our reading makes of any answer it allows."""

from __future__ import annotations

import json
from random import Random

import pytest
from click.testing import CliRunner

from pipeline.cli.main import main


def filter_of(**predicate):
    return "/apis/v2beta1/runs?filter=" + json.dumps({"predicates": [predicate]}).replace(" ", "")


@pytest.mark.parametrize(
    ("method", "url", "body", "fault"),
    [
        ("GET", "/apis/v2beta1/nothing", b"", "no such operation"),
        ("PUT", "/apis/v2beta1/runs", b"", "no such operation"),
        ("GET", "/apis/v2beta1/runs?pagesize=3", b"", "no query parameter pagesize"),
        ("GET", "/apis/v2beta1/runs?page_size=x", b"", "page_size=x is no integer"),
        ("GET", filter_of(operation="EQUAL", key="x", stringValue="y"), b"", "'EQUAL' is not one of"),
        ("GET", filter_of(operation=1, key="x", string="y"), b"", "'string' was unexpected"),
        ("POST", "/apis/v2beta1/runs", b'{"name": "x"}', "'name' was unexpected"),
        ("POST", "/apis/v2beta1/runs", b'{"runtime_config": {"parameters": []}}', "is not of type 'object'"),
        ("POST", "/apis/v2beta1/recurringruns", b'{"mode": "ON"}', "'ON' is not one of"),
        (
            "POST",
            "/apis/v2beta1/recurringruns",
            b'{"max_concurrency": "x", "no_catchup": 1}',
            "1 is not of type 'boolean'",
        ),
        ("POST", "/apis/v2beta1/pipelines/upload_version", b"", "no form field uploadfile"),
    ],
)
def test_wrong_requests_are_seen(swagger, method, url, body, fault):
    assert fault in " ".join(swagger.request_faults(method, url, "application/json", body))


@pytest.mark.parametrize(
    ("path", "answer", "fault"),
    [
        ("/apis/v2beta1/runs/x", {"id": "x"}, "'id' was unexpected"),
        ("/apis/v2beta1/runs/x", {"state": "Succeeded"}, "is not one of"),
        ("/apis/v2beta1/runs/x", {"created_at": "yesterday"}, "is not a 'date-time'"),
        ("/apis/v2beta1/runs", {"runs": [{"run_id": 3}]}, "runs.0.run_id: 3 is not of type 'string'"),
        ("/apis/v2beta1/recurringruns/x", {"max_concurrency": 1}, "1 is not of type 'string'"),
        ("/apis/v2beta1/recurringruns", {"recurring_runs": []}, "'recurring_runs' was unexpected"),
    ],
)
def test_wrong_answers_are_seen(swagger, path, answer, fault):
    assert fault in " ".join(swagger.answer_faults("GET", path, 200, answer))


@pytest.fixture
def answers(swagger, fake, monkeypatch):
    """A server whose answers are made up: anything that the specification allows."""

    def start(seed):
        random, server = Random(seed), fake()

        def made_up(method, path, query, body):
            schema = swagger.operation(method, path)["responses"]["200"]["schema"]
            answer = swagger.made_up(schema, random)
            return {**answer, "next_page_token": ""} if "next_page_token" in answer else answer

        server.answer = made_up
        monkeypatch.setenv("KFP_HOST", server.host)
        monkeypatch.setenv("KFP_NAMESPACE", "a")
        return server

    return start


@pytest.mark.parametrize(
    "arguments",
    [
        "status x",
        "status x --json",
        "schedules",
        "schedules --json",
        "terminate x",
        "pause x",
        "logs x",
        "run --pipeline x",
        "unschedule x",
        "schedule --pipeline x --cron @daily",
    ],
)
def test_whatever_the_specification_allows_is_no_traceback(answers, arguments):
    for seed in range(12):
        answers(seed)
        result = CliRunner().invoke(main, ["kfp", *arguments.split()])
        assert result.exit_code in (0, 1)
        assert "unexpected" not in result.output, (seed, result.output)
        assert "Traceback" not in result.output
