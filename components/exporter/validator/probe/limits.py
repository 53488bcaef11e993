"""The limits under which a foreign model runs: set by its process before it loads anything."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Any, TextIO

_PR_SET_PDEATHSIG = 1


def limit_process(seconds: float, memory_bytes: int, written_bytes: int = 0) -> None:
    """Limits memory, time and written files, and ends this process with its parent.

    The memory limit is on data (RLIMIT_DATA): the address space of a TensorFlow process says nothing about its memory.

    Args:
        seconds: of processor time, on all cores together.
        memory_bytes: of all writable memory of this process.
        written_bytes: largest file.
    """
    _lower(resource.RLIMIT_DATA, memory_bytes)
    _lower(resource.RLIMIT_FSIZE, written_bytes)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_CPU, int(seconds * (os.cpu_count() or 1)) + 1, grace=10)  # SIGXCPU, then SIGKILL
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails instead, and the model can be named
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def private_output() -> TextIO:
    """Returns standard output under another number, and sends what the model prints to standard error.

    A model could write lines of the protocol otherwise.
    """
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return output


def _lower(kind: Any, value: int, grace: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    soft, most = (each if hard == resource.RLIM_INFINITY else min(each, hard) for each in (value, value + grace))
    resource.setrlimit(kind, (soft, most))
