"""Makefile: what a newcomer is told, and that the environment in use is one that set-up leaves alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.repository import ROOT

TARGETS = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)

# Without what `make test` hands down to a make inside it: its flags, and that it is one level deep.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}


def make(*arguments: str) -> str:
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout


def test_help_is_what_make_alone_prints() -> None:
    assert make() == make("help")


def test_help_lists_every_target_with_a_text() -> None:
    listed = re.findall(r"^  ([a-z-]+) +\S.*$", make("help"), flags=re.MULTILINE)
    assert {"run", "test", "test-fast", "lint", "format", "clean", "clean-all", "setup"} <= set(TARGETS)
    assert sorted(listed) == sorted(TARGETS)


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("run", ".venv/bin/ner run --config configs/local.yaml -x"),
        (
            "test",
            ".venv/bin/python -m pytest -n auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder "
            '-m "not slow and not gpu" -x',
        ),
        ("lint", ".venv/bin/mypy"),
    ],
)
def test_target_sets_up_first_and_then_does_its_work(target: str, command: str) -> None:
    lines = make("--dry-run", target, "ARGS=-x", "VENV=.venv").splitlines()
    assert lines[0] == "bash tools/setup.sh"
    assert command in lines[1:]


def test_clean_all_spares_what_is_no_environment(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    line = make("--dry-run", "clean-all", f"VENV={tmp_path}").splitlines()[-1]
    subprocess.run(["bash", "-c", line], check=True)
    assert (tmp_path / "mine").exists()
    (tmp_path / "pyvenv.cfg").touch()
    subprocess.run(["bash", "-c", line], check=True)
    assert not tmp_path.exists()


def test_second_set_up_of_this_environment_takes_less_than_two_seconds() -> None:
    environment = ENVIRONMENT | {"VENV": sys.prefix}
    command = ["bash", "tools/setup.sh", "--check"]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        pytest.skip("the environment of this run was not made by the present tools/setup.sh")
    start = time.monotonic()
    subprocess.run(["make", "setup"], cwd=ROOT, env=environment, check=True)
    assert time.monotonic() - start < 2
