"""CPU seconds: what this process computed, whoever else was busy on the machine."""

from __future__ import annotations

import resource
import time


class CpuClock:
    """Counts CPU and wall seconds from when it was made.

    The process clock sums all threads, so a system gains nothing here by using more of them.
    """

    def __init__(self) -> None:
        """Starts."""
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process since the start, all threads together."""
        return time.process_time() - self._cpu

    @property
    def wall_seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._wall


def peak_rss_mb() -> float:
    """Returns the most memory that this process has held so far, in MB (10^6 bytes); Linux counts it in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
