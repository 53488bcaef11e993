"""README.md stays true: its commands run, in order, in a clean copy; its links and settings exist."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest
from support.repository import ROOT

from configs.loading import load_config

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what git would clone, with the environment that runs this test as its `.venv`.

    Set-up has tests of its own and would build gigabytes here, so it is left out.
    """
    folder = tmp_path_factory.mktemp("readme") / "clone"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "tools" / "setup.sh").write_text("exit 0\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def kfp_host():
    """A stand-in for a server of Kubeflow Pipelines that remembers what it is told."""
    file = ROOT / "tests" / "pipeline" / "kubeflow" / "client" / "fake_kfp.py"
    spec = importlib.util.spec_from_file_location("fake_kfp", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FakeKfp() as server:
        yield server.host
    assert not server.faults


@pytest.mark.e2e
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run_in_order_in_a_clean_copy(copy, kfp_host, command):
    # The tests themselves would run this test again, and to find them all takes a while.
    command = command.replace("make test", 'make test ARGS="--collect-only -q tests/components/text"')
    dropped = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VENV", "NER_CONFIG"}
    environment = {k: v for k, v in os.environ.items() if k not in dropped}
    environment |= {"LOCAL_HOME": str(copy / "tfx"), "KFP_HOST": kfp_host, "NO_PROXY": "127.0.0.1"}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=copy, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    if command == "make run":
        tagged = re.search(r"```text\n(Justin.*?)```", README, re.DOTALL)[1]
        assert tagged.split() == result.stdout[result.stdout.index("Justin") :].split()


def test_there_are_commands_to_run():
    assert COMMANDS[0] == "make run"
    assert len(COMMANDS) > 8


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)", README))))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()


def test_settings_that_are_mentioned_exist():
    config = load_config(None)
    for section, key in re.findall(r"`(corpus|transform|trainer|exporter|evaluator|registry)\.(\w+)", README):
        assert hasattr(getattr(config, section), key), f"{section}.{key}"
