"""Warm-up requests of TensorFlow Serving, which does not load a model that cannot answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from absl import logging

from components.keys import SERVING_DEFAULT


def move_warmup(file: Path, moved: Callable[[str], str], renamed: Mapping[str, str] | None = None) -> None:
    """Redirects requests to other signatures.

    Args:
        file: TFRecords of `PredictionLog`; replaced.
        moved: returns the signature that takes the requests of an old one; empty: they are dropped.
        renamed: old -> new name of inputs and outputs.
    """
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    kept, changed, renamed = [], 0, renamed or {}
    records = [*tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    for record in records:
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = getattr(log, log.WhichOneof("log_type")).request
        old = request.model_spec.signature_name or SERVING_DEFAULT
        new = moved(old)
        names = [name for name in getattr(request, "inputs", {}) if name in renamed]
        if new != old or names or list(getattr(request, "output_filter", [])):
            changed += 1
        if not new:
            continue
        if new != old:
            request.model_spec.signature_name = new
        values = {renamed[name]: request.inputs.pop(name) for name in names}  # two inputs may swap their names
        for name, value in values.items():
            request.inputs[name].CopyFrom(value)
        if hasattr(request, "output_filter"):
            request.output_filter[:] = [renamed.get(name, name) for name in request.output_filter]
        kept.append(log.SerializeToString())
    partial = file.with_name(f".{file.name}.partial")
    with tf.io.TFRecordWriter(str(partial)) as writer:
        for record in kept:
            writer.write(record)
    partial.rename(file)
    logging.info("%d of %d warm-up requests change", changed, len(records))
