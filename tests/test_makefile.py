"""Makefile: its help, its commands, and a set-up that leaves a complete environment alone."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest
from support.processes import run
from support.repository import ROOT

# Without what `make test` hands down to a make inside it: its flags, and that it is one level deep.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}


def make(*arguments: str) -> str:
    return run(["make", *arguments], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout


def test_help_lists_every_target_and_is_the_default() -> None:
    targets = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    listed = re.findall(r"^  ([a-z-]+) +\S.*$", make("help"), flags=re.MULTILINE)
    assert {"run", "test", "test-all", "lint", "setup"} <= set(targets)
    assert sorted(listed) == sorted(targets)
    assert make() == make("help")
    assert max(map(len, make("help").splitlines())) <= 80


def test_target_sets_up_first_and_then_does_its_work() -> None:
    commands = {
        "run": ".venv/bin/ner run --config configs/local.yaml -x",
        "test": '-m "not extended and not slow and not fuzz and not gpu" -x',
        "test-extended": '-m "(extended or slow) and not fuzz and not gpu" -x',
        "test-all": '-m "not fuzz and not gpu" -x',
        "lint": ".venv/bin/mypy",
    }
    for target, command in commands.items():
        first, *others = make("--dry-run", target, "ARGS=-x", "VENV=.venv").splitlines()
        assert first == "bash tools/setup.sh"
        assert any(line.endswith(command) for line in others), target


def test_clean_all_removes_nothing_but_an_environment(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    line = make("--dry-run", "clean-all", f"VENV={tmp_path}").splitlines()[-1]
    run(["bash", "-c", line], check=True)
    assert (tmp_path / "mine").exists()
    (tmp_path / "pyvenv.cfg").touch()
    run(["bash", "-c", line], check=True)
    assert not tmp_path.exists()


def test_second_set_up_of_this_environment_takes_less_than_two_seconds() -> None:
    environment = ENVIRONMENT | {"VENV": sys.prefix}
    if run(["bash", "tools/setup.sh", "--check"], cwd=ROOT, env=environment).returncode:
        pytest.skip("the environment of this run was not made by the present tools/setup.sh")
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        run(["make", "setup"], cwd=ROOT, env=environment, check=True)
        seconds.append(time.monotonic() - start)
    assert min(seconds) < 2
