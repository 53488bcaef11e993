"""tests/support/processes.py: no subprocess outlives the tests that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import processes
from support.repository import ROOT

# The grandchild leaves its parent's session, as a server that daemonizes does.
TEST = """
import subprocess, sys
from pathlib import Path

GRANDCHILD = "import time; time.sleep(600)"
CHILD = '''
import subprocess, sys, time
from pathlib import Path
grandchild = subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True)
Path(sys.argv[2]).write_text(str(grandchild.pid))
time.sleep(600)
'''

def test_that_hangs():
    child = subprocess.Popen([sys.executable, "-c", CHILD, GRANDCHILD, "grandchild"])
    Path("child").write_text(str(child.pid))
    child.wait()
"""


def wait_until(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pids(folder: Path) -> list[int]:
    files = [folder / "child", folder / "grandchild"]
    return [int(file.read_text()) for file in files if file.exists() and file.read_text()]


def test_killed_pytest_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "test_hangs.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "support.processes", "-p", "no:cacheprovider", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    with processes.popen(command, cwd=tmp_path, env=environment) as pytest_process:
        wait_until(lambda: len(pids(tmp_path)) == 2)
        pytest_process.send_signal(signal.SIGKILL)
        pytest_process.wait(10)
        wait_until(lambda: not any(map(is_running, pids(tmp_path))))


def test_timeout_kills_the_process_group(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        processes.run(["sh", "-c", "sleep 600 & echo $! > child; wait"], cwd=tmp_path, timeout=0.5)
    wait_until(lambda: not any(map(is_running, pids(tmp_path))))


def test_run_returns_output_and_checks_the_exit_status() -> None:
    done = processes.run(["sh", "-c", "cat; exit 3"], input="text", capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "text", "")
    with pytest.raises(subprocess.CalledProcessError):
        processes.run(["false"], check=True)
