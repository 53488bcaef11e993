"""Time of each command to its first line, and from its last line to its end, on a pseudo-terminal.

    python -m benchmarks.ours.terminal WORK_DIR

WORK_DIR holds two registered versions. The commands change nothing in it, except that `ner run` may add a run.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from typing import NamedTuple

_COMMANDS = (
    "run", "report --no-open", "report --list", "registry list", "registry show 1", "registry diff 1 2",
    "registry history", "lineage 1", "predict Hello", "retrain --dry-run", "clean --keep 9 --dry-run",
)  # fmt: skip


class Timed(NamedTuple):
    """Seconds from the start to the first line, from the last line to the end, and in all; and the exit code."""

    first: float
    after_last: float
    total: float
    code: int


def timed(command: list[str]) -> Timed:
    """Runs a command on a pseudo-terminal of 80 columns."""
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    begin = time.monotonic()
    first = last = 0.0
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, env=environment) as process:
        os.close(writer)
        while True:
            ready, _, _ = select.select([reader], [], [], 0.02)
            try:
                text = os.read(reader, 65536) if ready else b""
            except OSError:  # the other end is closed
                break
            if text:
                last = time.monotonic() - begin
                first = first or last
            elif process.poll() is not None:
                break
        process.wait()
    total = time.monotonic() - begin
    os.close(reader)
    return Timed(first, total - last, total, process.returncode)


def main() -> None:
    """Prints one row for each command."""
    print(f"{'command':<28} {'first line s':>12} {'after last s':>12} {'all s':>8} {'code':>5}")
    for command in _COMMANDS:
        arguments = [*command.split(), "--set", f"work_dir={sys.argv[1]}"]
        result = timed([sys.executable, "-m", "deployable_ner", *arguments])
        print(
            f"{command:<28} {result.first:12.2f} {result.after_last:12.2f} {result.total:8.1f} {result.code:5}",
            flush=True,
        )


if __name__ == "__main__":
    main()
