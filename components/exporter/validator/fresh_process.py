"""Runs the probe in a foreign process.

The loader is TensorFlow's C API through ctypes (probe/served_model.py) and not a session of `tf.compat.v1`. Both call
the C++ function that TensorFlow Serving calls, and gave the same verdict on every model that was tried. But the C API
needs no `import tensorflow` (0.5 s instead of 8 s), and its process has neither Keras nor Python kernels: a model that
depends on Python fails there as it would on a server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.exporter.validator.probe.values import to_json

TIMEOUT_SECONDS = 600.0
_HERE = Path(__file__).resolve().parent
# -I: neither environment variables nor the working folder affect imports. The folder comes last on the path,
# so that no file in it can shadow another module.
_START = "import sys; sys.path.append(sys.argv.pop(1)); from probe.main import main; main(sys.argv[1])"


class ProbeDiedError(Exception):
    """The process ended before it was done; the text is the end of its standard error."""


def probe(
    task: str,
    model: str | os.PathLike[str],
    *,
    golden: Sequence[Mapping[str, Any]] = (),
    timeout: float = TIMEOUT_SECONDS,
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """Runs one task in a foreign process.

    Args:
        task: `validate`, `describe` or `record`; see probe/main.py.
        model: a SavedModel.
        golden: known answers, as in `validate_export`.
        timeout: seconds after which the process is killed.
        options: further fields of the request.

    Yields:
        The lines that the process wrote, as they come.

    Raises:
        ProbeDiedError: the process crashed or took too long.
    """
    request = {"task": task, "model": str(Path(model).resolve()), "golden": to_json_cases(golden), **options}
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


def to_json_cases(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns known answers whose inputs and outputs are JSON instead of arrays and bytes."""
    return [
        {
            field: {name: to_json(item) for name, item in value.items()} if field in ("inputs", "outputs") else value
            for field, value in case.items()
        }
        for case in cases
    ]


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
