"""README.md: its commands run in a clean copy, and it stays short. Links of all Markdown files resolve."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from support.fake_kfp import FakeKfp
from support.processes import run
from support.repository import ROOT, copy_of_the_repository, repository_files
from support.swagger import Swagger

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.timeout(3000)
def test_commands_run_in_order_in_a_clean_copy(tmp_path: Path) -> None:
    copy = copy_of_the_repository(tmp_path / "clone")
    dropped = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VENV", "NER_CONFIG"}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    with FakeKfp(Swagger()) as server:
        environment |= {"LOCAL_HOME": str(copy / "tfx"), "KFP_HOST": server.host, "NO_PROXY": "127.0.0.1"}
        for command in COMMANDS:
            # All tests would include this one.
            shortened = re.sub(r"make test\b\S*", 'make test ARGS="--collect-only -q tests/components/text"', command)
            result = run(
                ["bash", "-euo", "pipefail", "-c", shortened], cwd=copy, env=environment, capture_output=True, text=True
            )
            assert result.returncode == 0, f"README.md: {command}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
            if command == "make run" and (tagged := re.search(r"```text\n(\[Justin.*?)```", README, re.DOTALL)):
                assert tagged[1].split() == result.stdout[result.stdout.index("[Justin") :].split()
    assert not server.faults


def test_readme_is_short_and_begins_with_a_command() -> None:
    assert COMMANDS[0] == "make run"
    assert len(README.split()) <= 900


def test_links_resolve() -> None:
    broken = []
    for name in repository_files():
        if name.endswith(".md"):
            text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
            targets = re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", text)
            broken += [f"{name}: {target}" for target in targets if not ((ROOT / name).parent / target).exists()]
    assert broken == []
