"""Runs measurements as processes of their own, some at a time, and shows how they get on."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from components.common.errors import NerError

ROOT = Path(__file__).resolve().parents[1]

# CPU seconds are compared: every system gets one thread, and none an accelerator.
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


@dataclasses.dataclass(frozen=True)
class Job:
    """A process to run.

    Attributes:
        name: of the measurement.
        command: program and arguments; it runs in the project's folder.
    """

    name: str
    command: Sequence[str]


def environment() -> dict[str, str]:
    """Returns the environment of measuring processes: one thread, and the project's packages importable."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": path}


def run_jobs(jobs: Sequence[Job], at_a_time: int, logs: Path, show: Callable[[str], None]) -> None:
    """Runs all jobs, however many fail.

    Args:
        jobs: in the order in which they are begun.
        at_a_time: most processes at a time; CPU seconds suffer little from it, wall seconds do.
        logs: folder that gets each job's output as `<name>.log`.
        show: prints a line.

    Raises:
        NerError: jobs failed; the text names them and their logs.
    """
    logs.mkdir(parents=True, exist_ok=True)
    begin, failed = time.monotonic(), []
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        futures = {pool.submit(_run, job, logs / f"{job.name}.log", show): job for job in jobs}
        for done, future in enumerate(concurrent.futures.as_completed(futures), start=1):
            job = futures[future]
            code = future.result()
            if code:
                failed.append(job.name)
            seconds = time.monotonic() - begin
            show(f"[{done}/{len(jobs)}] {job.name}: {f'FAILED ({code})' if code else 'done'}  ({seconds:.0f} s)")
    if failed:
        raise NerError(f"{len(failed)} of {len(jobs)} runs failed: {', '.join(failed)}; see their logs in {logs}")


def _run(job: Job, log: Path, show: Callable[[str], None]) -> int:
    process = subprocess.Popen(
        job.command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    with log.open("w", encoding="utf-8") as file:
        for line in process.stdout:
            file.write(line)
            file.flush()
            show(f"    {job.name}: {line.rstrip()}")
    return process.wait()
