"""The command line's frame."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from components.common.errors import NerError
from pipeline.cli import main as cli

NER = Path(sys.executable).with_name("ner")


def test_help_answers_in_half_a_second():
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        result = subprocess.run([NER, "--help"], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - begin)
    assert "predict" in result.stdout
    assert min(times) < 0.5


@pytest.mark.parametrize("name", cli._COMMANDS)
def test_every_listed_command_exists_and_explains_itself(name):
    result = CliRunner().invoke(cli.main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert len(result.output) > 100


def failing(error):
    @click.command()
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NerError("corpus.conll:3: one column"), "error: corpus.conll:3: one column\n"),
        (KeyError("x"), "error: unexpected KeyError: 'x'\nThis is a defect of ner"),
    ],
)
def test_errors_are_text_and_not_tracebacks(monkeypatch, error, expected):
    monkeypatch.setattr(cli.main, "get_command", lambda ctx, name: failing(error))
    result = CliRunner().invoke(cli.main, ["run"])
    assert result.exit_code == 1
    assert result.output.startswith(expected)
    assert "Traceback" not in result.output


def test_debug_gives_the_exception(monkeypatch):
    monkeypatch.setattr(cli.main, "get_command", lambda ctx, name: failing(NerError("no")))
    result = CliRunner().invoke(cli.main, ["--debug", "run"])
    assert isinstance(result.exception, NerError)


def test_wrong_setting_ends_before_anything_heavy_is_imported():
    begin = time.perf_counter()
    result = subprocess.run([NER, "run", "--set", "trainer.epochs=-1"], capture_output=True, text=True)
    assert time.perf_counter() - begin < 5
    assert result.returncode == 1
    assert "trainer.epochs: must be > 0, got -1" in result.stderr
