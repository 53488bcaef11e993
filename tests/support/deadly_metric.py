"""A metric of the user's own that kills the Beam worker which computes it first."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

MARK = "a-worker-died"
"""File that it leaves in the working directory of the worker."""


def deadly(gold: Sequence[str], predicted: Sequence[str]) -> tuple[float, float]:
    """Kills its process; returns 1 once a process was killed."""
    if not Path(MARK).exists():
        Path(MARK).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0, 1.0
