"""The process behind `write_warmup`: JSON requests in, TFRecords of `PredictionLog` out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from components.exporter.validator.probe.c_api import numpy_dtype
from components.exporter.validator.probe.json_values import from_json
from components.exporter.validator.probe.saved_graph import SavedGraph, TensorInfo
from components.exporter.validator.probe.tensorflow_wheel import protos


def main(request_file: str) -> None:
    """Reads `model`, `name`, `cases` and `file` from the request and writes the file."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    graph = SavedGraph(Path(request["model"]))
    # TensorFlow's own writer; it needs its native module, but not `import tensorflow` (0.4 s instead of 8 s).
    from tensorflow.python.lib.io.tf_record import TFRecordWriter

    with TFRecordWriter(request["file"]) as writer:
        for case in request["cases"]:
            writer.write(_log(request["name"], case, graph))


def _log(name: str, case: Mapping[str, Any], graph: SavedGraph) -> bytes:
    protos("core.framework.tensor_pb2")  # from here on `tensorflow` is only its messages
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
