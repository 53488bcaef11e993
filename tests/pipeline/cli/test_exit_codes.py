"""Exit codes in the help, and the end of the process."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from support.processes import run
from support.repository import python_environment

from pipeline.cli.exit_codes import exit_codes
from pipeline.cli.main import COMMANDS, main
from pipeline.retraining import outcome


def names():
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            yield from ((name, below) for below in command.commands)
        else:
            yield (name,)


@pytest.mark.parametrize("name", names(), ids=" ".join)
def test_the_help_of_every_command_fits_and_names_its_exit_codes(name):
    output = CliRunner().invoke(main, [*name, "--help"], terminal_width=80).output
    assert max(map(len, output.splitlines())) <= 80
    _, _, listed = output.partition("Exit codes:\n")
    codes = [int(line.split()[0]) for line in listed.splitlines() if line[2:3].isdigit()]
    assert codes == [*exit_codes(" ".join(name))]


@pytest.mark.parametrize("name", ["data", "kfp", "registry"])
def test_the_help_of_a_group_cuts_no_line(name):
    assert "..." not in CliRunner().invoke(main, [name, "--help"], terminal_width=80).output.partition("Commands:")[2]


def test_every_outcome_of_a_retraining_has_a_meaning():
    assert set(outcome.EXIT_CODES.values()) <= set(exit_codes("retrain"))


@pytest.mark.parametrize("arguments", [["--version"], ["--none"], ["drift", "missing", "--set", "name=x y"]])
def test_the_process_ends_with_the_code_and_all_output_of_the_command(arguments):
    expected = CliRunner().invoke(main, arguments, prog_name="ner")
    result = run([sys.executable, "-m", "deployable_ner", *arguments], capture_output=True, env=python_environment())
    assert result.returncode == expected.exit_code
    assert (result.stdout.decode(), result.stderr.decode()) == (expected.stdout, expected.stderr)


@pytest.mark.parametrize("command", ["--help", "completion bash"])
def test_output_on_a_full_disk_is_an_error_in_one_line(command):
    with open("/dev/full", "wb") as full:
        result = run(
            [sys.executable, "-m", "deployable_ner", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=python_environment(),
        )
    assert result.returncode == 1
    assert result.stderr.startswith("error: standard output: cannot be written (No space left on device).")
    assert len(result.stderr.splitlines()) == 1


def test_closed_streams_are_neither_an_error_nor_taken_by_files():
    program = """
import os
from pipeline.cli import main as cli
def ended(*args, **options):
    descriptor = os.open(".", os.O_RDONLY)
    print("not shown")
    raise SystemExit(0 if descriptor > 2 else 9)
cli.main.main = ended
cli.command()
"""
    closing = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", program]
    assert run(closing, env=python_environment()).returncode == 0


def test_functions_registered_for_the_end_are_called_and_threads_are_awaited():
    program = """
import atexit, sys, threading, time
from pipeline.cli import main as cli
def work():
    time.sleep(0.2)
    print("thread", flush=True)
def ended(*args, **options):
    atexit.register(print, "registered")
    threading.Thread(target=work).start()
    print("command")
    sys.exit(7)
cli.main.main = ended
cli.command()
"""
    result = run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=python_environment())
    assert (result.returncode, result.stdout.split()) == (7, ["command", "thread", "registered"])


def test_a_reader_that_has_enough_is_no_error(tmp_path):
    (tmp_path / "in.conll").write_text("Oslo\tB-LOC\nwon\tO\n\n" * 20_000, encoding="utf-8")
    command = [sys.executable, "-m", "deployable_ner", "data", "convert", "in.conll", "-", "--to", "prodigy"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=python_environment(), **pipes) as process:
        assert process.stdout.readline().startswith(b'{"')
        process.stdout.close()
        error = process.stderr.read()
    assert process.returncode == 0
    assert b"rror" not in error


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_calls_ner(shell):
    output = CliRunner().invoke(main, ["completion", shell]).output
    assert f"_NER_COMPLETE={shell}_complete" in output


def test_completion_offers_commands_and_options():
    environment = {**python_environment(), "_NER_COMPLETE": "bash_complete", "COMP_WORDS": "ner re", "COMP_CWORD": "1"}
    result = run([sys.executable, "-m", "deployable_ner"], stdout=subprocess.PIPE, text=True, env=environment)
    assert {"plain,report", "plain,retrain", "plain,registry"} == set(result.stdout.split())
