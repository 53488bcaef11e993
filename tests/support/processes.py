"""Subprocesses that never outlive the tests.

As a pytest plugin, this module marks the environment of the test process and starts a watcher. When the test process
ends, even by `kill -9`, the watcher kills every process that inherited the mark: children, grandchildren, Beam workers,
servers. Tests start their own subprocesses with `run` and `popen`, which also clean up after a single test that fails
or times out.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

MARK = "NER_TEST_SESSION"

# An environment mark, because it also reaches processes that left their parent's session. The watcher polls its parent,
# because a pipe's end stays open in forked children.
_WATCHER = """
import os, signal, sys, time
parent, mark = int(sys.argv[1]), sys.argv[2].encode()
signal.signal(signal.SIGINT, signal.SIG_IGN)
while os.getppid() == parent:
    time.sleep(0.2)
def marked():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark in file.read().split(b"\\0"):
                    yield int(name)
        except OSError:
            pass
for _ in range(50):  # until a scan finds none: a process may fork while it is being killed
    pids = list(marked())
    if not pids:
        break
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    time.sleep(0.1)
"""


def pytest_configure() -> None:
    """Marks this process and starts its watcher; workers of xdist are marked by their parent."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    clean = {name: value for name, value in os.environ.items() if name != MARK}
    os.environ[MARK] = uuid.uuid4().hex
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCHER, str(os.getpid()), f"{MARK}={os.environ[MARK]}"],
        env=clean, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


class Process(subprocess.Popen):
    """A process in a new process group; leaving its context kills the group."""

    def __exit__(self, *exception: Any) -> None:
        """Kills the group, closes the streams and collects the exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(*exception)


def popen(command: Sequence[Any], *, env: Mapping[str, str] | None = None, **options: Any) -> Process:
    """Starts a process like `subprocess.Popen`, in a new process group."""
    environment = {**(os.environ if env is None else env), MARK: os.environ.get(MARK, "")}
    return Process(command, env=environment, start_new_session=True, **options)


def run(
    command: Sequence[Any],
    *,
    timeout: float = 600,
    check: bool = False,
    input: str | bytes | None = None,
    **options: Any,
) -> subprocess.CompletedProcess:
    """Runs a command like `subprocess.run`; on a timeout its whole process group is killed."""
    if options.pop("capture_output", False):
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with popen(command, **options) as process:
        stdout, stderr = process.communicate(input, timeout=timeout)
    result = subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
    if check:
        result.check_returncode()
    return result


def free_port() -> int:
    """Returns a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
