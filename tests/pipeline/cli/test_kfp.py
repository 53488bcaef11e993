"""`ner kfp` against a stateful fake server."""

from __future__ import annotations

import subprocess
import sys
import time
from random import Random

import pytest
from click.testing import CliRunner

from pipeline.cli.main import main

FAILED = {"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"}
DONE = {"": "SUCCEEDED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "SUCCEEDED", "RegistryPusher": "SUCCEEDED"}
NIGHTLY = ["schedule", "--pipeline", "ner", "--cron", "0 3 * * 7", "--name", "nightly"]


@pytest.mark.extended
def test_help_is_fast_and_needs_no_kfp():
    program = "import sys; from pipeline.cli.main import main; main(standalone_mode=False)\n"
    program += "print([name for name in sys.modules if name.split('.')[0] in ('kfp', 'tfx', 'tensorflow', 'yaml')])"
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        command = [sys.executable, "-c", program, "kfp", "run", "--help"]
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        times.append(time.perf_counter() - begin)
    assert result.stdout.endswith("[]\n")
    assert min(times) < 0.5


@pytest.mark.extended
def test_every_command_explains_its_connection():
    for name in ("upload", "run", "wait", "status", "schedule"):
        result = CliRunner().invoke(main, ["kfp", name, "--help"])
        assert result.exit_code == 0, result.output
        assert "--host" in result.output
        assert "--namespace" in result.output


def test_upload_then_the_same_again(ner, server, compiled):
    first = ner("upload", compiled())
    assert first.startswith("pipeline 'ner' version '2")
    assert ": uploaded\n" in first
    assert f"{server.host}/#/pipelines/details/" in first
    assert ": unchanged\n" in ner("upload", compiled())
    assert len(server.versions) == 1
    assert "version 'two': uploaded" in ner("upload", compiled(sdkVersion="x"), "--version", "two")
    assert "pipeline 'other'" in ner("upload", compiled(), "--name", "other")


def test_the_status_names_each_node_and_the_end(ner, server, compiled):
    ner("upload", compiled())
    ner("run", "--pipeline", "ner", "--name", "r", "--param", "data=s3://b/c")
    (run_id,) = server.runs
    server.scripts["r"] = [FAILED]
    lines = [line.split() for line in ner("status", run_id).splitlines()]
    assert lines[0] == ["node", "state", "time", "latest", "line"]
    assert [line[:2] for line in lines[1:4]] == [
        ["CorpusExampleGen", "SUCCEEDED"], ["Trainer", "FAILED"], ["RegistryPusher", "PENDING"],
    ]  # fmt: skip
    assert lines[4][:3] == ["run", f"{run_id}:", "FAILED"]
    assert "no run 'other'" in ner("status", "other", code=1)


def test_a_wrong_argument_is_reported_without_a_request(ner, server, tmp_path):
    (tmp_path / "x.yaml").write_text("a: 1")
    assert "x.yaml: not a compiled pipeline" in ner("upload", tmp_path / "x.yaml", code=1)
    assert "x.yaml: not a compiled pipeline" in ner("run", "--file", tmp_path / "x.yaml", code=1)
    assert "6 fields" in ner("schedule", "--pipeline", "ner", "--cron", "0 0 3 * * *", code=1)
    assert server.requests == []


def test_run_and_wait(ner, server, uploaded):
    server.scripts["r"] = [{"CorpusExampleGen": "RUNNING"}, DONE]
    output = ner("run", "--pipeline", "ner", "--name", "r", "--param", "span=4", "--wait", "--interval", "0.1")
    run_id = output.split()[1]
    assert output.splitlines()[1] == f"{server.host}/#/runs/details/{run_id}"
    assert output.splitlines()[-1].startswith(f"run {run_id}: succeeded after ")
    assert server.runs[run_id]["runtime_config"]["parameters"] == {"span": 4}
    server.scripts["r"] = [FAILED]
    output = ner("wait", run_id, code=1)
    assert "Trainer failed" in output
    assert f"kubectl -n kubeflow logs -l pipeline/runid={run_id}" in output


@pytest.mark.extended
def test_a_run_of_a_file_with_all_options(ner, server, compiled, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_DEFAULT_EXPERIMENT_NAME", "mine")
    run_id = ner("run", "--file", compiled(), "--param", "data=s3://b/c", "--root", "s3://b/r", "--no-cache").split()[1]
    run = server.runs[run_id]
    assert run["display_name"].startswith("ner 2")
    assert run["runtime_config"]["pipeline_root"] == "s3://b/r"
    assert server.experiments[run["experiment_id"]]["display_name"] == "mine"


def test_a_wrong_run_is_reported_and_not_started(ner, server, uploaded):
    for arguments, code, message in [
        ([], 2, "give --pipeline NAME"),
        (["--pipeline", "ner", "--file", "x.yaml"], 2, "give --pipeline NAME"),
        (["--version", "v1", "--file", "x.yaml"], 2, "give --pipeline NAME"),
        (["--pipeline", "nerd"], 1, "no pipeline 'nerd'"),
        (["--pipeline", "ner", "--version", "v7"], 1, "no version 'v7'"),
        (["--pipeline", "ner", "--param", "spam=1"], 1, "unknown parameter. version v1 has"),
    ]:
        assert message in ner("run", *arguments, code=code)
    assert server.runs == {}


def test_schedule_shows_the_outcome_and_the_next_times(ner, server, uploaded, compiled):
    output = ner(*NIGHTLY, "--param", "run_name=nightly")
    assert output.startswith("schedule 'nightly' created: 'ner' version 'v1'\n")
    times = [line.strip() for line in output.splitlines() if line.startswith("  ")]
    assert len(times) == 3
    assert all(line.startswith("Sun ") and " 03:00 UTC   local " in line for line in times)
    (stored,) = server.recurring.values()
    assert stored["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * 0"
    assert "'nightly' unchanged" in ner(*NIGHTLY, "--param", "run_name=nightly")
    stored["status"] = "DISABLED"
    ner("upload", compiled(sdkVersion="x"), "--version", "v2")
    output = ner(*NIGHTLY, "--catchup")
    assert "'nightly' updated: 'ner' version 'v2'" in output
    (schedule_id,) = server.recurring
    assert output.endswith(f"paused; `kfp recurring-run enable {schedule_id}` resumes it\n")


def test_an_unreachable_server_is_one_line(ner, server, monkeypatch):
    result = CliRunner().invoke(main, ["kfp", "wait", "x", "--host", "http://127.0.0.1:1"])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert result.output.startswith("error: http://127.0.0.1:1: cannot be reached")
    server.token = "right"
    output = ner("wait", "x", "--token", "very-secret", code=1)
    assert "(401)" in output
    assert "very-secret" not in output
    monkeypatch.setitem(sys.modules, "kfp", None)
    output = ner("wait", "x", code=1)
    assert "ner kfp: needs the extra `kfp`, which is not installed" in output
    assert "pip install 'PATH_OF_WHEEL[kfp]'" in output


@pytest.mark.extended
@pytest.mark.parametrize("arguments", ["wait x --timeout 0", "run --pipeline x", "schedule --pipeline x --cron @daily"])
def test_any_response_that_the_specification_allows_is_read(swagger, fake, monkeypatch, arguments):
    for seed in range(12):
        random, server = Random(seed), fake()

        def random_response(method, path, query, body, random=random):
            schema = swagger.operation(method, path)["responses"]["200"]["schema"]
            response = swagger.random_value(schema, random)
            return {**response, "next_page_token": ""} if "next_page_token" in response else response

        server.answer = random_response
        monkeypatch.setenv("KFP_HOST", server.host)
        monkeypatch.setenv("KFP_NAMESPACE", "a")
        result = CliRunner().invoke(main, ["kfp", *arguments.split()])
        assert result.exit_code in (0, 1)
        assert "unexpected" not in result.output, (seed, result.output)


@pytest.mark.extended
def test_the_specification_finds_wrong_requests_and_responses(swagger):
    for method, url, body, fault in [
        ("GET", "/apis/v2beta1/nothing", b"", "no such operation"),
        ("GET", "/apis/v2beta1/runs?pagesize=3", b"", "no query parameter pagesize"),
        ("GET", "/apis/v2beta1/runs?page_size=x", b"", "page_size=x is not an integer"),
        ("GET", '/apis/v2beta1/runs?filter={"predicates":[{"operation":"EQUAL"}]}', b"", "'EQUAL' is not one of"),
        ("POST", "/apis/v2beta1/runs", b'{"name": "x"}', "'name' was unexpected"),
        ("POST", "/apis/v2beta1/recurringruns", b'{"no_catchup": 1}', "1 is not of type 'boolean'"),
        ("POST", "/apis/v2beta1/pipelines/upload_version", b"", "no form field uploadfile"),
    ]:
        assert fault in " ".join(swagger.request_faults(method, url, "application/json", body))
    for path, response, fault in [
        ("/apis/v2beta1/runs/x", {"state": "Succeeded"}, "is not one of"),
        ("/apis/v2beta1/runs/x", {"created_at": "yesterday"}, "is not a 'date-time'"),
        ("/apis/v2beta1/runs", {"runs": [{"run_id": 3}]}, "runs.0.run_id: 3 is not of type 'string'"),
    ]:
        assert fault in " ".join(swagger.response_faults("GET", path, 200, response))
