"""Runs the probe in a process of its own.

The loader is TensorFlow's C API by ctypes (probe/served_model.py) and not a session of `tf.compat.v1`. Both call the
C++ function that TensorFlow Serving calls, and gave the same verdict on every model that was tried. But the C API needs
no `import tensorflow` (0.5 s instead of 8 s), and its process has neither Keras nor Python kernels: whatever only works
because Python is there, fails here as it would on a server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
# -I: neither environment variables nor the working folder decide what is imported. The folder comes last on the path,
# so that nothing in it can stand in for another module.
_START = "import sys; sys.path.append(sys.argv.pop(1)); from probe.main import main; main(sys.argv[1])"


class ProbeDiedError(Exception):
    """The process ended before it was done; the text is the end of what it wrote to standard error."""


def probe(request: Mapping[str, Any], timeout: float) -> Iterator[dict[str, Any]]:
    """Runs one task in a fresh process.

    Args:
        request: what probe/main.py reads.
        timeout: seconds after which the process is ended.

    Yields:
        The lines that it wrote, as they come.

    Raises:
        ProbeDiedError: it crashed or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="probe-") as folder:
        file = Path(folder, "request.json")
        file.write_text(json.dumps(request), encoding="utf-8")
        errors = Path(folder, "stderr")
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(_HERE), str(file)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=folder,
                env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "1"},
            )
            yield from _lines(process, timeout)
        if process.returncode:
            tail = errors.read_text(encoding="utf-8", errors="replace")[-2000:].strip()
            raise ProbeDiedError(f"exit status {process.returncode}: {tail}")


def _lines(process: subprocess.Popen[str], timeout: float) -> Iterator[dict[str, Any]]:
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
        process.wait()
    finally:
        timer.cancel()
        if process.poll() is None:  # the reader stopped early
            process.kill()
            process.wait()
