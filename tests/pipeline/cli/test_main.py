"""Frame of the command line: help, errors, and the commands of other packages."""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.custom_command import GROUP, install
from support.processes import popen, run
from support.repository import python_environment

from components.common import extras
from components.common.errors import NerError
from pipeline.cli import main as cli

NER = Path(sys.executable).with_name("ner")


def _processor_seconds() -> float:
    """Returns the processor time of child processes that have ended: other load on the machine does not change it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_takes_less_than_half_a_second_of_a_processor():
    times = []
    for _ in range(3):
        begin = _processor_seconds()
        result = run([NER, "--help"], env=python_environment(), capture_output=True, text=True, check=True)
        times.append(_processor_seconds() - begin)
    assert "predict" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert min(times) < 0.5


def _all_commands(command, path=()):
    """Yields the names of every command and of the commands of groups."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _all_commands(command.get_command(context, name), (*path, name))


def test_every_command_explains_itself_in_lines_of_at_most_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for path in _all_commands(cli.main):
        result = CliRunner().invoke(cli.main, [*path, "--help"])
        assert result.exit_code == 0, result.output
        assert len(result.output) > 100, path
        assert [line for line in result.output.splitlines() if len(line) > 80] == [], path


WRONG = (
    "add-signatures model copy --labels missing",
    "add-signatures model model --key key",
    "add-signatures serving copy --key key",
    "add-signatures model copy --key key --golden missing",
    "distill --teacher missing --unlabelled missing --data missing",
    "evaluate --data missing --model model",
    "evaluate --data model --training-entities model/saved_model.pb",
    "inspect serving",
    "package --for vertex serving copy",
    "predict --input missing.txt --model model",
    "predict --model missing text",
    "run --data missing",
    "serve --model missing",
    "suggest --input missing.txt --output out --text text --model model",
)


def test_wrong_paths_and_options_are_named_before_tensorflow_is_imported(tmp_path):
    for folder in ("model", "serving/ner/7"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "saved_model.pb").touch()
    program = """
import sys
from click.testing import CliRunner
from pipeline.cli.main import main
for line in sys.argv[1:]:
    result = CliRunner().invoke(main, line.split())
    print(result.exit_code in (1, 2), "error: " in result.output.lower(), "tensorflow" in sys.modules, line)
"""
    options = {"cwd": tmp_path, "env": python_environment(), "capture_output": True, "text": True, "check": True}
    printed = run([sys.executable, "-c", program, *WRONG], **options).stdout
    assert printed.splitlines() == [f"True True False {line}" for line in WRONG]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["clean", "--keep", "1", "--set", "trainer.epochs", "3"], "(3). Write --set KEY=VALUE"),
        (["run", "data/"], "(data/). Give a corpus with --data PATH."),
        (["clean", "--keep", "1", "x"], "(x)\n"),
    ],
)
def test_an_extra_argument_names_the_option_that_is_probably_meant(arguments, hint):
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 2
    assert f"unexpected extra argument {hint}" in result.output


def test_an_unknown_command_is_an_error_that_names_a_similar_one():
    result = CliRunner().invoke(cli.main, ["registrry"])
    assert result.exit_code == 2
    assert "No such command 'registrry'. Did you mean 'registry'?" in result.output
    assert "Did you mean" not in CliRunner().invoke(cli.main, ["x"]).output


@pytest.fixture
def failing(monkeypatch):
    """Replaces every command by one that raises an error."""

    def replace(error: Exception) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(cli.main, "get_command", lambda ctx, name: command)

    return replace


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NerError("corpus.conll:3: one column"), "error: corpus.conll:3: one column\n"),
        (KeyError("x"), "error: unexpected KeyError: 'x'\nThis is a defect of ner"),
    ],
)
def test_errors_are_text_without_a_traceback(failing, error, expected):
    failing(error)
    result = CliRunner().invoke(cli.main, ["run"])
    assert result.exit_code == 1
    assert result.output.startswith(expected)
    assert "Traceback" not in result.output


@pytest.fixture
def without_training(monkeypatch):
    """Hides the modules of the extra `pipeline`."""
    find = importlib.util.find_spec
    hidden = extras.MODULES["pipeline"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in hidden else find(name))
    for name in hidden:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    "command", ["run", "retrain", "schedule --local --cron @daily", "clean --keep 1", "compile --target kubeflow -o x"]
)
def test_a_command_without_its_extra_is_one_sentence_and_changes_nothing(without_training, tmp_path, command):
    arguments = [*command.split(), "--set", f"work_dir={tmp_path}/work"]
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 1
    assert result.output.startswith(f"error: ner {arguments[0]}: needs the extra `pipeline`, which is not installed")
    assert len(result.output.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_module_of_an_extra_is_explained_wherever_it_is_imported(failing):
    failing(ModuleNotFoundError("No module named 'pyarrow.parquet'", name="pyarrow.parquet"))
    result = CliRunner().invoke(cli.main, ["predict"])
    assert "error: ner predict: needs the extra `parquet`" in result.output
    failing(ModuleNotFoundError("No module named 'absent'", name="absent"))
    assert "This is a defect of ner" in CliRunner().invoke(cli.main, ["predict"]).output


@pytest.mark.parametrize("name", ["run", "retrain", "compile", "clean"])
def test_help_needs_no_extra(without_training, name):
    assert CliRunner().invoke(cli.main, [name, "--help"]).exit_code == 0


def test_debug_raises_the_exception(failing):
    failing(NerError("no"))
    result = CliRunner().invoke(cli.main, ["--debug", "run"])
    assert isinstance(result.exception, NerError)


def test_an_invalid_setting_is_reported_before_heavy_imports():
    program = """
import atexit, sys
from pipeline.cli.main import main

heavy = {"tensorflow", "tfx", "apache_beam", "keras", "mlflow", "ml_metadata"}
atexit.register(lambda: print(sorted(heavy & sys.modules.keys())))
main(["run", "--set", "trainer.epochs=-1"])
"""
    result = run([sys.executable, "-c", program], env=python_environment(), capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (1, "[]\n")
    assert "trainer.epochs: must be > 0, got -1" in result.stderr


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Folder on `sys.path` for the metadata of packages."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def ner(*arguments: str):
    return CliRunner().invoke(cli.main, arguments)


def test_a_warning_before_a_run_has_no_name_of_a_logger():
    code = (
        "from pipeline.cli.main import main; main(['completion', 'bash'], standalone_mode=False)\n"
        "from absl import logging; logging.warning('raw.txt: %d unreadable row', 1); logging.info('detail')"
    )
    result = run([sys.executable, "-c", code], env=python_environment(), capture_output=True, text=True)
    assert result.stderr == "warning: raw.txt: 1 unreadable row\n"


def test_a_command_of_another_package_is_listed_without_being_imported_and_runs(packages, monkeypatch):
    assert GROUP == cli.COMMAND_GROUP
    install(packages, "ner-count", {"count": "support.custom_command:count"}, "Count tokens.")
    monkeypatch.setitem(sys.modules, "support.custom_command", None)  # an import would raise
    assert "  count  Count tokens. (ner-count 1.0)" in ner("--help").output
    monkeypatch.undo()
    monkeypatch.syspath_prepend(packages)
    assert ner("count", "Joe went home", "x").output == "3\n1\n"
    assert "number of tokens" in ner("count", "--help").output


def test_a_broken_command_of_another_package_fails_with_one_line_when_it_is_called(packages):
    commands = {"gone": "absent_module:command", "plain": "support.custom_command:install"}
    install(packages, "broken", commands, "Nothing.")
    assert ner("--help").exit_code == ner("run", "--help").exit_code == 0
    for name, reason in (("gone", "No module named 'absent_module'"), ("plain", "is not a click command")):
        result = ner(name)
        assert result.exit_code == 1
        assert result.output.startswith(f"error: ner {name}: ")
        assert reason in result.output
        assert "broken 1.0" in result.output
        assert len(result.output.splitlines()) == 1


def test_commands_of_ner_and_of_earlier_packages_keep_their_names(packages):
    for package in ("b-package", "a-package"):
        commands = {"count": "support.custom_command:count", "run": "support.custom_command:count"}
        install(packages, package, commands, f"From {package}.")
    text = " ".join(ner("--help").output.split())
    assert "count From a-package." in text
    assert "Ignored: count of b-package 1.0, because another command has this name." in text
    assert "Ignored: run of a-package 1.0" in text
    assert "labelled text in" in ner("run", "--help").output


def test_ctrl_c_during_the_imports_ends_with_130_and_one_line(tmp_path):
    (tmp_path / "click.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    environment = python_environment()
    environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{environment.get('PYTHONPATH', '')}"
    # A test run in the background of a shell ignores SIGINT, and so would its children.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from deployable_ner.__main__ import main; main()"
    )
    with popen([sys.executable, "-c", program], env=environment, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120)[1] == "interrupted (SIGINT)\n"
        assert process.returncode == 130


def test_nothing_of_ours_is_imported_before_ctrl_c_is_handled():
    program = (
        "import sys; before = {*sys.modules}; import deployable_ner.__main__; print(*sorted({*sys.modules} - before))"
    )
    result = run([sys.executable, "-c", program], env=python_environment(), capture_output=True, text=True)
    ours = [name for name in result.stdout.split() if name.partition(".")[0] in ("components", "pipeline", "click")]
    assert (result.stderr, ours) == ("", [])
