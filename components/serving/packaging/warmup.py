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
from absl import logging

from components.exporter.validator.probe.c_api import numpy_dtype, protos, serving_protos
from components.exporter.validator.probe.saved_graph import SavedGraph, TensorInfo
from components.exporter.validator.probe.values import from_json
from components.keys import ASSETS_EXTRA, WARMUP_FILE
from components.serving.packaging.errors import PackageError

MAX_RECORDS = 1000  # kMaxNumRecords: TensorFlow Serving refuses a model with more


def write_warmup(model_dir: Path, name: str, cases: Sequence[Mapping[str, Any]], most_rows: int | None) -> Path:
    """Writes one `PredictionLog` per request to assets.extra. Call it last.

    A subprocess writes them in a second: TensorFlow's writer is loaded without the rest of TensorFlow.

    Args:
        model_dir: a SavedModel; the copy of the package, never the source.
        name: under which the model is served.
        cases: requests, from `reference_answers`.
        most_rows: largest batch of the server, which refuses a larger request, and a model whose warm-up fails; None:
            any number.

    Returns:
        The file. Requests of an existing one are kept unless they are too large, because they were chosen for the real
        traffic.

    Raises:
        PackageError: the requests do not fit the model.
    """
    file = model_dir / ASSETS_EXTRA / WARMUP_FILE
    file.parent.mkdir(exist_ok=True)
    fitting = [case for case in cases if most_rows is None or (case["rows"] or 0) <= most_rows]
    chosen = [{"signature": case["signature"], "inputs": case["inputs"]} for case in fitting][:MAX_RECORDS]
    with tempfile.TemporaryDirectory(prefix="warmup-") as folder:
        request = Path(folder, "request.json")
        task = {"name": name, "model": str(model_dir), "cases": chosen, "file": str(file), "most_rows": most_rows}
        request.write_text(json.dumps(task))
        process = subprocess.run(
            [sys.executable, "-m", "components.serving.packaging.warmup", str(request)],
            capture_output=True,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    if process.returncode:
        raise PackageError(f"{model_dir}: the warm-up requests cannot be written. {process.stderr[-2000:].strip()}")
    if process.stdout.strip():
        logging.warning("%s: %s", file.name, process.stdout.strip())
    return file


def main(request_file: str) -> None:
    """Writes the file, in the subprocess: reads `model`, `name`, `cases`, `file` and `most_rows` from the request."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    graph = SavedGraph(Path(request["model"]))
    # TensorFlow's own writer; it needs its native module, but not `import tensorflow` (0.4 s instead of 8 s).
    tf_record = protos("python.lib.io.tf_record")

    most_rows, file = request["most_rows"], Path(request["file"])
    if file.is_file():
        if most_rows is None:
            return
        old = list(tf_record.tf_record_iterator(request["file"]))
        records = [record for record in old if _rows(record) <= most_rows]
        if len(records) == len(old):
            return
        print(f"{len(old) - len(records)} requests of more than {most_rows} rows removed")
    else:
        records = [_log(request["name"], case, graph) for case in request["cases"]]
    partial = file.with_name(f".{file.name}.partial")
    with tf_record.TFRecordWriter(str(partial)) as writer:
        for record in records:
            writer.write(record)
    partial.replace(file)


def _rows(record: bytes) -> int:
    """Returns the rows of a logged request; 0 if it has none."""
    log = serving_protos("apis.prediction_log_pb2").PredictionLog.FromString(record)
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        shapes = [tensor.tensor_shape.dim for tensor in log.predict_log.request.inputs.values()]
    elif kind == "session_log":
        shapes = [feed.tensor.tensor_shape.dim for feed in log.session_log.request.feed]
    else:
        examples = getattr(log, kind).request.input if kind else None
        lists = [examples.example_list, examples.example_list_with_context] if examples is not None else []
        return max((len(each.examples) for each in lists), default=0)
    return max((shape[0].size for shape in shapes if len(shape)), default=0)


def _log(name: str, case: Mapping[str, Any], graph: SavedGraph) -> bytes:
    log = serving_protos("apis.prediction_log_pb2").PredictionLog()
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
