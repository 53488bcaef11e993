"""Time of each command to its first line, and from its last line to its end, on a pseudo-terminal.

    python -m benchmarks.ours.terminal WORK_DIR

WORK_DIR holds two registered versions; the commands change nothing in it, except that `ner run` may add a run. Prints
the table of docs/terminal.md.
"""

from __future__ import annotations

import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import process_seconds

# {set}: the setting of the work folder; {model}: a model; {new}: a folder for new files.
_COMMANDS = (
    "--help",
    "run {set}",
    "report --no-open {set}",
    "report --list {set}",
    "registry list {set}",
    "registry show 1 {set}",
    "registry diff 1 2 {set}",
    "registry history {set}",
    "lineage 1 {set}",
    "predict Hello {set}",
    "evaluate --data {new}/corpus/test.tsv {set}",
    "serve --port 0 --grpc-port 0 {set}",
    "retrain --dry-run {set}",
    "schedule --cron '0 3 * * *' --next 3",
    "clean --keep 9 --dry-run {set}",
    "data generate {new}/sample",
    "data check {new}/corpus",
    "inspect {model}",
    "inspect {model} --check",
    "package --for tf-serving {new}/package {set}",
    "add-signatures {model} {new}/more --default keyed --keep-default-as plain",
    "compile --target kubeflow -o {new}/pipeline.yaml",
    "kfp upload {new}/none.yaml",
    "completion bash",
)
_SERVES = "curl "  # a server ends on a signal, which it gets after its first example


class Timed(NamedTuple):
    """Seconds from the start to the first line, from the last line to the end, and in all; and the exit code.

    `processor`: seconds of a processor until the first line, which do not depend on the load of the machine.
    """

    first: float
    processor: float
    after_last: float
    total: float
    code: int


def timed(command: list[str], end_after: str = "") -> Timed:
    """Runs a command on a pseudo-terminal of 80 columns.

    Args:
        command: the command.
        end_after: text after which it gets SIGTERM; empty: it ends by itself.
    """
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    begin = time.monotonic()
    first = last = processor = 0.0
    seen = b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, env=environment) as process:
        os.close(writer)
        while True:
            ready, _, _ = select.select([reader], [], [], 0.02)
            try:
                text = os.read(reader, 65536) if ready else b""
            except OSError:  # the other end is closed
                break
            seen += text
            if end_after and end_after.encode() in seen:
                process.send_signal(signal.SIGTERM)
                end_after = ""
            if text:
                last = time.monotonic() - begin
                processor = processor or process_seconds(process.pid, children=True)
                first = first or last
            elif process.poll() is not None:
                break
        process.wait()
    total = time.monotonic() - begin
    os.close(reader)
    return Timed(first, processor, total - last, total, process.returncode)


def main() -> None:
    """Prints one row for each command."""
    work = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as new:
        ner = [sys.executable, "-m", "deployable_ner"]
        subprocess.run(
            [*ner, "data", "generate", f"{new}/corpus", "--kind", "articles"], check=True, capture_output=True
        )
        words = {"set": f"--set work_dir={work}", "model": work / "serving/ner/1", "new": new}
        print("| command | first line, s | processor until then, s | end after the last line, s | all, s | exit code |")
        print("|---|--:|--:|--:|--:|--:|")
        for command in _COMMANDS:
            arguments = shlex.split(command.format_map(words))
            result = timed([*ner, *arguments], _SERVES if command.startswith("serve") else "")
            name = command.replace(" {set}", "").replace("{model}", "MODEL").replace("{new}/", "")
            print(
                f"| `{name}` | {result.first:.2f} | {result.processor:.2f} | {result.after_last:.2f} | "
                f"{result.total:.1f} | {result.code} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
