from __future__ import annotations

import subprocess
import sys

import pytest
from tfx.dsl.components.base.base_executor import BaseExecutor

from components.common.errors import NerError
from pipeline.kubeflow.container.entry_point import parse_arguments, run

NODE = {"model": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}


class Fails(BaseExecutor):
    error: Exception = NerError("")

    def Do(self, input_dict, output_dict, exec_properties):
        raise Fails.error


def failed(pod, error, capfd) -> str:
    """What a pod prints whose executor raises the error."""
    Fails.error = error
    invocation = pod.invocation(node="Trainer", outputs=NODE)
    command = ["--executor_class_path", f"{__name__}.Fails", "--json_serialized_invocation_args", invocation]
    assert run(command) == 1
    assert not pod.output_file.exists()
    return capfd.readouterr().err


def test_an_error_of_the_user_ends_with_one_line_and_has_no_traceback(pod, capfd):
    printed = failed(pod, NerError("train.conll, line 3: no tag.\nAdd one."), capfd)
    assert printed.splitlines()[-1] == "error: Trainer: train.conll, line 3: no tag. Add one."
    assert printed.splitlines()[-3:-1] == ["train.conll, line 3: no tag.", "Add one."]
    assert "Traceback" not in printed


def test_an_error_names_uris_and_not_where_they_are_mirrored(pod, capfd):
    printed = failed(pod, NerError(f"{pod.folder}/minio/data/corpus: no split"), capfd)
    assert printed.splitlines()[-1] == "error: Trainer: minio://data/corpus: no split"


def test_any_other_error_has_its_traceback_before_the_line(pod, capfd):
    printed = failed(pod, ValueError("no\nsuch  thing"), capfd)
    assert printed.splitlines()[-1] == "error: Trainer: ValueError: no such thing"
    assert printed.index("Traceback") < printed.index("error: Trainer")
    assert "raise Fails.error" in printed


def test_the_line_stays_readable_however_long_the_error(pod, capfd):
    line = failed(pod, ValueError("word " * 10_000), capfd).splitlines()[-1]
    assert len(line) < 1000
    assert line.endswith("word ...")


@pytest.mark.parametrize(
    ("invocation", "found"), [("no json", "ParseError"), ('{"inputs": {}}', "Could not import")], ids=["json", "class"]
)
def test_what_goes_wrong_before_the_executor_ends_in_a_line_too(pod, capfd, invocation, found):
    command = ["--executor_class_path", "components.none.executor.Executor"]
    assert run([*command, "--json_serialized_invocation_args", invocation]) == 1
    line = capfd.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert found in line or "No module" in line


def test_arguments_that_are_not_ours_are_kept_as_they_are():
    command = ["--executor_class_path", "a.B", "--json_serialized_invocation_args", "{}"]
    known, rest = parse_arguments([*command, "--runner=FlinkRunner", "--json", "x"])
    assert (known.executor_class_path, known.json_serialized_inputs_spec_args) == ("a.B", "")
    assert rest == ["--runner=FlinkRunner", "--json", "x"]


@pytest.mark.parametrize("code", [0, 1])
def test_row_13_destructors_of_libraries_cannot_fail_a_pod(code):
    """As `pure virtual method called` does, which aborts a process at its end."""
    program = f"""
import atexit, os, sys
from pipeline.kubeflow import entry_point
atexit.register(os.abort)
entry_point.run = lambda arguments: print("done") or {code}
entry_point.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "done\n")
