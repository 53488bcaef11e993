"""Warm-up requests of a model, which a server sends to itself before it takes others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.exporter.validator.probe.c_api import numpy_dtype, protos
from components.exporter.validator.probe.saved_graph import SavedGraph, TensorInfo
from components.exporter.validator.probe.values import from_json
from components.keys import ASSETS_EXTRA, WARMUP_FILE
from components.serving.packaging.errors import PackageError

MAX_RECORDS = 1000  # kMaxNumRecords: TensorFlow Serving refuses a model with more


def write_warmup(model_dir: Path, name: str, cases: Sequence[Mapping[str, Any]]) -> Path:
    """Writes one `PredictionLog` per request to assets.extra. Call it last.

    A subprocess writes them in half a second: the messages import TensorFlow, and `probe.c_api.protos`, which avoids
    that, would prevent this process from importing it later.

    Args:
        model_dir: a SavedModel; the copy of the package, never the source.
        name: under which the model is served.
        cases: requests, from `reference_answers`.

    Returns:
        The file. An existing one is kept, because its requests were chosen for the real traffic.

    Raises:
        PackageError: the requests do not fit the model.
    """
    file = model_dir / ASSETS_EXTRA / WARMUP_FILE
    if file.is_file():
        return file
    file.parent.mkdir(exist_ok=True)
    chosen = [{"signature": case["signature"], "inputs": case["inputs"]} for case in cases][:MAX_RECORDS]
    with tempfile.TemporaryDirectory(prefix="warmup-") as folder:
        request = Path(folder, "request.json")
        request.write_text(json.dumps({"name": name, "model": str(model_dir), "cases": chosen, "file": str(file)}))
        process = subprocess.run(
            [sys.executable, "-m", "components.serving.packaging.warmup", str(request)],
            capture_output=True,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    if process.returncode:
        raise PackageError(f"{model_dir}: the warm-up requests cannot be written. {process.stderr[-2000:].strip()}")
    return file


def main(request_file: str) -> None:
    """Writes the file, in the subprocess: reads `model`, `name`, `cases` and `file` from the request."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    graph = SavedGraph(Path(request["model"]))
    # TensorFlow's own writer; it needs its native module, but not `import tensorflow` (0.4 s instead of 8 s).
    from tensorflow.python.lib.io.tf_record import TFRecordWriter

    with TFRecordWriter(request["file"]) as writer:
        for case in request["cases"]:
            writer.write(_log(request["name"], case, graph))


def _log(name: str, case: Mapping[str, Any], graph: SavedGraph) -> bytes:
    protos("core.framework.tensor_pb2")  # from here on, `tensorflow` is only its messages
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = name
    request.model_spec.signature_name = case["signature"]
    for key, info in graph.inputs(case["signature"]).items():
        _fill(request.inputs[key], info, from_json(case["inputs"][key], numpy_dtype(info.number)))
    return bytes(log.SerializeToString(deterministic=True))


def _fill(message: Any, info: TensorInfo, value: np.ndarray) -> None:
    message.dtype = info.number
    for size in value.shape:
        message.tensor_shape.dim.add(size=size)
    if value.dtype == object:
        message.string_val.extend(value.ravel().tolist())
    else:
        message.tensor_content = value.tobytes()


if __name__ == "__main__":
    main(sys.argv[1])
