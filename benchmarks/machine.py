"""Clocks, memory and processes of measurements."""

from __future__ import annotations

import concurrent.futures
import json
import logging
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.common.errors import NerError

ROOT = Path(__file__).resolve().parents[1]

# CPU seconds are compared, so every system gets one thread and no accelerator.
ONE_THREAD: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore",
}


class CpuClock:
    """Clock of the CPU and wall seconds since its creation.

    The process clock sums all threads, so a system gains nothing by using more of them.
    """

    def __init__(self) -> None:
        """Starts the clock."""
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process, all threads together."""
        return time.process_time() - self._cpu

    @property
    def wall_seconds(self) -> float:
        """Wall seconds."""
        return time.perf_counter() - self._wall


def peak_rss_mb(children: bool = False) -> float:
    """Returns the peak memory of this process, or of its largest finished child, in MB (10^6 bytes)."""
    kibibytes = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF).ru_maxrss
    return kibibytes * 1024 / 1e6


def reset_peak_rss() -> None:
    """Makes `peak_rss_mb` count from now on; on other systems than Linux it stays the peak of the whole process."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5", encoding="utf-8")


def process_seconds(pid: int, children: bool = False) -> float:
    """Returns the CPU seconds of a process, with `children` also those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """Returns the CPU seconds of all children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def description() -> Mapping[str, Any]:
    """Returns the kind of this machine, without anything that identifies it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


def environment() -> dict[str, str]:
    """Returns the environment of a measuring process: one thread, and the project importable."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": path}


def process_command(module: str, run: Mapping[str, Any], results: Path, python: str = sys.executable) -> list[str]:
    """Returns the command of a process that measures one run: `python -m MODULE RUN_JSON RESULTS_FOLDER`."""
    return [python, "-m", module, json.dumps(run), str(results.resolve())]


def requested_run() -> tuple[dict[str, Any], Path]:
    """Returns run and results folder of this process, which `process_command` started; its log goes to the output."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    return json.loads(sys.argv[1]), Path(sys.argv[2])


def run_all(commands: Mapping[str, Sequence[str]], at_a_time: int, logs: Path, show: Callable[[str], None]) -> None:
    """Runs commands as processes; a failure does not stop the others.

    Args:
        commands: name -> program and arguments.
        at_a_time: number of processes at a time; this affects CPU seconds little, but wall seconds much.
        logs: folder for the output of each command, `<name>.log`.
        show: prints a line.

    Raises:
        NerError: commands failed; the text names them.
    """
    logs.mkdir(parents=True, exist_ok=True)

    def run(name: str) -> int:
        with (logs / f"{name}.log").open("wb") as log:
            process = subprocess.run(
                commands[name],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
        return process.returncode

    clock, failed = CpuClock(), []
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        futures = {pool.submit(run, name): name for name in commands}
        for done, future in enumerate(concurrent.futures.as_completed(futures), start=1):
            name, code = futures[future], future.result()
            if code:
                failed.append(name)
            result = f"FAILED ({code})" if code else "done"
            show(f"[{done}/{len(commands)}] {name}: {result}  ({clock.wall_seconds:.0f} s)")
    if failed:
        raise NerError(f"{len(failed)} of {len(commands)} runs failed: {', '.join(failed)}. See their logs in {logs}.")
