"""Exit code and last line of a container."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.lazy import LazyModule
from support.processes import run
from support.repository import ROOT, python_environment

from components.common.errors import NerError

entry_point = LazyModule("pipeline.kubeflow.container.entry_point")
executors = LazyModule("support.tfx_executors")
NODE = {"model": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}


def stderr_of(pod, error, capfd) -> str:
    """Returns the output of a pod whose executor raises the error."""
    executors.Fails.error = error
    invocation = pod.invocation(node="Trainer", outputs=NODE)
    command = ["--executor_class_path", "support.tfx_executors.Fails", "--json_serialized_invocation_args", invocation]
    assert entry_point.run(command) == (1 if isinstance(error, NerError) else 70), "hosts of a training are tried again"
    assert not pod.output_file.exists()
    return capfd.readouterr().err


def test_an_error_of_the_user_ends_with_one_line_and_no_traceback(pod, capfd):
    printed = stderr_of(pod, NerError("train.conll, line 3: no tag.\nAdd one."), capfd)
    assert printed.splitlines()[-1] == "error: Trainer: train.conll, line 3: no tag. Add one."
    assert printed.splitlines()[-3:-1] == ["train.conll, line 3: no tag.", "Add one."]
    assert "Traceback" not in printed
    printed = stderr_of(pod, NerError(f"{pod.folder}/minio/data/corpus: no split"), capfd)
    assert printed.splitlines()[-1] == "error: Trainer: minio://data/corpus: no split"


def test_any_other_error_has_its_traceback_before_the_line(pod, capfd):
    printed = stderr_of(pod, ValueError("no\nsuch  thing"), capfd)
    assert printed.splitlines()[-1] == "error: Trainer: ValueError: no such thing"
    assert printed.index("Traceback") < printed.index("error: Trainer")
    assert "raise Fails.error" in printed
    line = stderr_of(pod, ValueError("word " * 10_000), capfd).splitlines()[-1]
    assert len(line) < 1000
    assert line.endswith("word ...")


def test_an_error_before_the_executor_ends_in_a_line_too(pod, capfd):
    for invocation, message in [("not JSON", "ParseError"), ('{"inputs": {}}', "No module")]:
        command = ["--executor_class_path", "components.none.executor.Executor"]
        assert entry_point.run([*command, "--json_serialized_invocation_args", invocation]) == 70
        line = capfd.readouterr().err.splitlines()[-1]
        assert line.startswith("error: ")
        assert message in line or "Could not import" in line


def test_unknown_arguments_are_left_to_beam():
    command = ["--executor_class_path", "a.B", "--json_serialized_invocation_args", "{}"]
    known, rest = entry_point.parse_arguments([*command, "--runner=FlinkRunner", "--json", "x"])
    assert (known.executor_class_path, known.json_serialized_inputs_spec_args) == ("a.B", "")
    assert rest == ["--runner=FlinkRunner", "--json", "x"]


@pytest.mark.parametrize("code", [0, pytest.param(1, marks=pytest.mark.extended)])
def test_row_13_destructors_of_libraries_cannot_fail_a_pod(code):
    """Simulates `pure virtual method called`, which aborts a process at its end."""
    program = f"""
import atexit, os
from pipeline.kubeflow.container import entry_point
atexit.register(os.abort)
entry_point.run = lambda arguments: print("done") or {code}
entry_point.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT, timeout=120
    )
    assert (done.returncode, done.stdout) == (code, "done\n"), done.stderr


def test_an_evicted_pod_ends_with_143_and_one_line(pod):
    command = ["--executor_class_path", "support.tfx_executors.Evicted"]
    command += ["--json_serialized_invocation_args", pod.invocation(node="Trainer", outputs=NODE)]
    module = [sys.executable, "-m", "pipeline.kubeflow.container.entry_point"]
    result = run([*module, *command], env=python_environment(), capture_output=True, text=True, timeout=120)
    assert result.returncode == 143, result.stderr
    last = "interrupted (SIGTERM) in Trainer. A retry continues a training from its saved state."
    assert result.stderr.splitlines()[-1] == last
    assert "Traceback" not in result.stderr
    assert not pod.output_file.exists()


def test_notices_of_libraries_are_dropped_and_warnings_and_other_packages_are_shown(monkeypatch):
    import logging as python_logging

    from absl import logging

    handler = logging.get_absl_handler()
    monkeypatch.setattr(handler, "filters", [])
    monkeypatch.setenv("NER_LOG", "all")
    assert entry_point.run_node(lambda: "Node", lambda: None) == 0
    assert handler.filters == []
    monkeypatch.delenv("NER_LOG")
    assert entry_point.run_node(lambda: "Node", lambda: None) == 0
    notices = {
        ("/v/lib/python3.11/site-packages/apache_beam/typehints/x.py", python_logging.INFO): False,
        ("/v/lib/python3.11/site-packages/apache_beam/typehints/x.py", python_logging.WARNING): True,
        ("/v/lib/python3.11/site-packages/tensorflow_transform/x.py", python_logging.INFO): False,
        ("/v/lib/python3.11/site-packages/my_tagger/x.py", python_logging.INFO): True,
        ("/app/components/trainer/executor.py", python_logging.INFO): True,
    }
    for (path, level), shown in notices.items():
        record = python_logging.LogRecord("absl", level, path, 1, "text", None, None)
        assert bool(handler.filter(record)) is shown, path
