"""Writes the warm-up requests of a model: a server sends them to itself before it takes others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.exporter.saved_model.embedded_metadata import EXTRA
from components.exporter.saved_model.warmup import WARMUP_FILE
from components.serving.packaging.package_error import PackageError

MOST_RECORDS = 1000
"""TensorFlow Serving refuses a model with more (kMaxNumRecords)."""


def write_warmup(model_dir: Path, name: str, cases: Sequence[Mapping[str, Any]]) -> Path:
    """Writes one `PredictionLog` a request to assets.extra; the last thing that is done to the folder.

    A process of its own writes it, which takes half a second: the messages import TensorFlow, and
    `probe.tensorflow_wheel.protos`, which avoids that, would keep this process from importing it later.

    Args:
        model_dir: a SavedModel; the copy of the package, never the source.
        name: under which the model is served.
        cases: requests, as `reference_answers` gives them.

    Returns:
        The file. One that the model came with is kept: its requests were chosen by somebody who knows the traffic.

    Raises:
        PackageError: the requests do not fit the model.
    """
    file = model_dir / EXTRA / WARMUP_FILE
    if file.is_file():
        return file
    file.parent.mkdir(exist_ok=True)
    chosen = [{"signature": case["signature"], "inputs": case["inputs"]} for case in cases][:MOST_RECORDS]
    with tempfile.TemporaryDirectory(prefix="warmup-") as folder:
        request = Path(folder, "request.json")
        request.write_text(json.dumps({"name": name, "model": str(model_dir), "cases": chosen, "file": str(file)}))
        done = subprocess.run(
            [sys.executable, "-m", "components.serving.packaging.warmup_process", str(request)],
            capture_output=True,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    if done.returncode:
        raise PackageError(f"{model_dir}: the warm-up requests could not be written. {done.stderr[-2000:].strip()}")
    return file
