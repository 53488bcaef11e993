"""`ner kfp`, against a server that remembers."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipeline.cli import kfp as group
from pipeline.cli.main import main

# Fixtures of the client's tests: a server, and a compiled pipeline.
CONFTEST = runpy.run_path(str(Path(__file__).parents[1] / "kubeflow" / "client" / "conftest.py"))
_no_settings_of_this_machine = CONFTEST["_no_settings_of_this_machine"]
any_swagger, compiled = CONFTEST["any_swagger"], CONFTEST["compiled"]
fake, server = CONFTEST["fake"], CONFTEST["server"]
ner, uploaded = CONFTEST["ner"], CONFTEST["uploaded"]
NER = Path(sys.executable).with_name("ner")

DONE = {"CorpusExampleGen": "SUCCEEDED", "Trainer": "SUCCEEDED", "RegistryPusher": "SUCCEEDED"}
FAILED = {"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"}


def test_help_needs_no_kfp():
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        result = subprocess.run([NER, "kfp", "--help"], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - begin)
    assert "unschedule" in result.stdout
    assert min(times) < 0.5


def test_the_modules_of_the_commands_need_no_kfp_either():
    program = "import sys, pipeline.cli.kfp_pipelines, pipeline.cli.kfp_runs, pipeline.cli.kfp_schedules\n"
    program += "print([name for name in sys.modules if name.split('.')[0] in ('kfp', 'tfx', 'tensorflow', 'yaml')])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", [name for name in group._COMMANDS if name != "emulate"])
def test_every_command_explains_itself(name):
    result = CliRunner().invoke(main, ["kfp", name, "--help"])
    assert result.exit_code == 0, result.output
    assert "--host" in result.output
    assert "--namespace" in result.output


def test_the_emulator_is_among_them():
    result = CliRunner().invoke(main, ["kfp", "emulate", "--help"])
    assert result.exit_code == 0, result.output
    assert "FILE" in result.output


# --- upload


def test_upload_then_the_same_again(ner, server, compiled):
    first = ner("upload", compiled())
    assert first.startswith("pipeline 'ner': uploaded as version '2")
    assert f"{server.host}/#/pipelines/details/" in first
    assert "is the same already" in ner("upload", compiled())
    assert len(server.versions) == 1
    assert "uploaded as version 'two'" in ner("upload", compiled(sdkVersion="x"), "--version", "two")
    assert "pipeline 'other'" in ner("upload", compiled(), "--name", "other")


def test_a_wrong_file_is_told_before_the_server_is_asked(ner, server, tmp_path):
    (tmp_path / "x.yaml").write_text("a: 1")
    assert "x.yaml is not a compiled pipeline" in ner("upload", tmp_path / "x.yaml", code=1)
    assert "x.yaml is not a compiled pipeline" in ner("run", "--file", tmp_path / "x.yaml", code=1)
    assert server.requests == []


# --- run, wait, status


def test_run_and_wait_for_a_success(ner, server, uploaded):
    server.scripts["r"] = [{"Trainer": "RUNNING"}, {"": "SUCCEEDED", **DONE}]
    output = ner("run", "--pipeline", "ner", "--name", "r", "--param", "span=4", "--wait", "--interval", "0.1")
    assert "0/3 tasks  Trainer RUNNING" in output
    assert "3/3 tasks  run SUCCEEDED" in output
    assert output.splitlines()[-1].endswith("succeeded after 0:00:01")
    (run,) = server.runs.values()
    assert run["runtime_config"]["parameters"] == {"span": 4}


def test_run_and_wait_for_a_failure(ner, server, uploaded):
    server.scripts["r"] = [FAILED]
    output = ner("run", "--pipeline", "ner", "--name", "r", "--wait", code=1)
    assert "error: run" in output
    assert "Trainer failed: Trainer: exit code 1" in output
    assert "the workflow failed" in output
    assert "ner kfp logs" in output
    assert "Trainer failed: Trainer: exit code 1" in ner("wait", "r", code=1)


def test_wait_says_when_its_time_is_over(ner, uploaded):
    ner("run", "--pipeline", "ner", "--name", "r")
    assert "has not ended after 0 s; it goes on" in ner("wait", "r", "--timeout", "0.2", "--interval", "0.1", code=1)


def test_ctrl_c_ends_the_following_and_not_the_run(ner, server, uploaded, monkeypatch):
    ner("run", "--pipeline", "ner", "--name", "r")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.kubeflow.client.waiting.follow", interrupt)
    assert "the run goes on" in ner("wait", "r", code=130)
    assert server.count("POST", ":terminate") == 0


def test_run_takes_a_file_and_everything_else_there_is(ner, server, compiled, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_DEFAULT_EXPERIMENT_NAME", "mine")
    options = ["--param", "data=s3://b/c", "--root", "s3://b/r", "--no-cache"]
    run_id = ner("run", "--file", compiled(), *options).split()[1]
    run = server.runs[run_id]
    assert run["display_name"].startswith("ner 2")
    assert run["runtime_config"]["pipeline_root"] == "s3://b/r"
    assert server.experiments[run["experiment_id"]]["display_name"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "say what to run"),
        (["--pipeline", "ner", "--file", "x.yaml"], 2, "say what to run"),
        (["--version", "v1", "--file", "x.yaml"], 2, "say what to run"),
        (["--pipeline", "nerd"], 1, "no pipeline 'nerd'; there is ner"),
        (["--pipeline", "ner", "--version", "v7"], 1, "no version 'v7'; there is v1"),
        (["--pipeline", "ner", "--param", "spam=1"], 1, "version v1 has no such parameter"),
        (["--pipeline", "ner", "--param", "span=x"], 1, "wants a whole number"),
        (["--pipeline", "ner", "--param", "data=[[ScheduledTime]]"], 1, "scheduled runs only"),
    ],
)
def test_run_tells_what_is_wrong_and_runs_nothing(ner, server, uploaded, arguments, code, message):
    assert message in ner("run", *arguments, code=code)
    assert server.runs == {}


def test_status_for_people_and_for_scripts(ner, server, uploaded):
    server.scripts["r"] = [FAILED]
    run_id = ner("run", "--pipeline", "ner", "--name", "r", "--param", "span=4").split()[1]
    text = ner("status", "r")
    assert "FAILED  2/3 tasks" in text
    assert "parameters: span=4" in text
    assert ["Trainer", "FAILED", "0:01:05", "Trainer:", "exit", "code", "1"] in [
        line.split() for line in text.splitlines()
    ]
    content = json.loads(ner("status", run_id, "--json"))
    assert (content["state"], content["tasks_done"], content["parameters"]) == ("FAILED", 2, {"span": 4})
    assert [task["state"] for task in content["tasks"]] == ["SUCCEEDED", "FAILED", "NOT_RUN"]


def test_terminate(ner, server, uploaded):
    run_id = ner("run", "--pipeline", "ner", "--name", "r").split()[1]
    assert "is being ended" in ner("terminate", "r")
    assert server.runs[run_id]["state"] == "CANCELING"
    server.runs[run_id]["state"] = "CANCELED"
    assert "has ended already: CANCELED" in ner("terminate", run_id)
    assert server.count("POST", ":terminate") == 1


def test_logs(ner, server, uploaded):
    server.scripts["r"] = [FAILED]
    run_id = ner("run", "--pipeline", "ner", "--name", "r").split()[1]
    number = sum(map(ord, "Trainer"))
    server.logs = {f"wf-{number}": "epoch 1\nboom"}
    assert ner("logs", "r", "Trainer") == "epoch 1\nboom\n"
    every = ner("logs", "r", code=1)
    assert "==> Trainer <==\nepoch 1\nboom\n" in every
    assert "no output of CorpusExampleGen: its pod is gone" in every
    assert f"kubectl -n kubeflow logs -l pipeline/runid={run_id} -c main --prefix --tail=-1" in every
    server.logs = {}
    one = ner("logs", "r", "Trainer", "--namespace", "team", code=1)
    assert (
        f"kubectl -n team logs -l pipeline/runid={run_id} -c main --prefix --tail=-1 | grep -e '-{number}/main'" in one
    )


# --- the way to the server


@pytest.mark.parametrize("arguments", [["status", "x"], ["schedules"], ["run", "--pipeline", "ner"], ["logs", "x"]])
def test_a_server_that_is_not_there_is_one_line(monkeypatch, arguments):
    result = CliRunner().invoke(main, ["kfp", *arguments, "--host", "http://127.0.0.1:1"])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert result.output.startswith("error: http://127.0.0.1:1 cannot be reached")


def test_no_server_named_and_none_found_is_one_line():
    result = CliRunner().invoke(main, ["kfp", "schedules"])
    assert result.output.startswith("error: no Kubeflow Pipelines server is known")


def test_a_login_page_and_a_wrong_token_are_one_line_without_the_token(ner, server):
    server.plan("GET", "/healthz", "html")
    assert "answers with a web page" in ner("schedules", code=1)
    server.token = "right"
    output = ner("schedules", "--token", "very-secret", code=1)
    assert "does not know you (401)" in output
    assert "very-secret" not in output
    assert "has no schedules" in ner("schedules", "--token", "right")


def test_without_kfp_it_is_told_what_to_install(ner, monkeypatch):
    monkeypatch.setitem(sys.modules, "kfp", None)
    assert "kfp is not installed: pip install 'deployable-ner[kfp]'" in ner("schedules", code=1)


def test_two_documents_are_uploaded_and_run(ner, server, compiled):
    path = compiled(platform=CONFTEST["PLATFORM"])
    ner("upload", path)
    assert list(next(iter(server.versions.values()))["pipeline_spec"]) == ["pipeline_spec", "platform_spec"]
    run_id = ner("run", "--pipeline", "ner", "--no-cache").split()[1]
    assert server.runs[run_id]["pipeline_spec"]["platform_spec"] == list(yaml.safe_load_all(path.read_text()))[1]
