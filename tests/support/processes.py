"""Subprocesses that die with the test process.

A killed pytest runs no cleanup, and an orphaned training would run on for minutes. Linux kills a child when its parent
dies if the child asks for it; elsewhere these functions behave like those of `subprocess`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def popen(command: Sequence[str], **kwargs: Any) -> subprocess.Popen:
    """Starts a process that is killed when this one dies.

    Call it from the main thread: the kernel counts the end of the calling thread as the parent's death.

    Args:
        command: program and arguments.
        **kwargs: those of `subprocess.Popen`.
    """
    return subprocess.Popen(command, preexec_fn=_die_with(os.getpid()), **kwargs)


def run(command: Sequence[str], *, timeout: float = 600, **kwargs: Any) -> subprocess.CompletedProcess:
    """Runs a process to its end; it is killed when this one dies.

    Args:
        command: program and arguments.
        timeout: seconds after which the process is killed.
        **kwargs: those of `subprocess.run`.
    """
    return subprocess.run(command, timeout=timeout, preexec_fn=_die_with(os.getpid()), **kwargs)


def _die_with(parent: int) -> Any:
    if _LIBC is None:
        return None

    def in_child() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before prctl took effect
            os.kill(os.getpid(), signal.SIGKILL)

    return in_child
