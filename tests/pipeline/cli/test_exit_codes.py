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
def test_the_help_of_every_command_names_its_exit_codes(name):
    _, _, listed = CliRunner().invoke(main, [*name, "--help"]).output.partition("Exit codes:\n")
    codes = [int(line.split()[0]) for line in listed.splitlines() if line[2:3].isdigit()]
    assert codes == [*exit_codes(" ".join(name))]


def test_every_outcome_of_a_retraining_has_a_meaning():
    assert set(outcome.EXIT_CODES.values()) <= set(exit_codes("retrain"))


@pytest.mark.parametrize("arguments", [["--version"], ["--none"], ["drift", "missing", "--set", "name=x y"]])
def test_the_process_ends_with_the_code_and_all_output_of_the_command(arguments):
    expected = CliRunner().invoke(main, arguments, prog_name="ner")
    result = run([sys.executable, "-m", "deployable_ner", *arguments], capture_output=True, env=python_environment())
    assert result.returncode == expected.exit_code
    assert (result.stdout.decode(), result.stderr.decode()) == (expected.stdout, expected.stderr)


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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_calls_ner(shell):
    output = CliRunner().invoke(main, ["completion", shell]).output
    assert f"_NER_COMPLETE={shell}_complete" in output


def test_completion_offers_commands_and_options():
    environment = {**python_environment(), "_NER_COMPLETE": "bash_complete", "COMP_WORDS": "ner re", "COMP_CWORD": "1"}
    result = run([sys.executable, "-m", "deployable_ner"], stdout=subprocess.PIPE, text=True, env=environment)
    assert {"plain,report", "plain,retrain", "plain,registry"} == set(result.stdout.split())
