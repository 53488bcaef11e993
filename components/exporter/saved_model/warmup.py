"""Warm-up requests of TensorFlow Serving, which does not load a model that cannot answer them."""

from __future__ import annotations

from pathlib import Path

from absl import logging

from components.keys import SERVING_DEFAULT


def move_warmup(file: Path, old: str, new: str) -> int:
    """Redirects the requests for one signature to another one.

    Args:
        file: TFRecords of `PredictionLog`; replaced.
        old: the signature that no longer takes these requests.
        new: the one that does; empty: the requests are dropped.

    Returns:
        The number of changed or dropped requests.
    """
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    kept, changed = [], 0
    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        spec = getattr(log, log.WhichOneof("log_type")).request.model_spec
        if (spec.signature_name or SERVING_DEFAULT) == old:
            changed += 1
            if not new:
                continue
            spec.signature_name = new
        kept.append(log.SerializeToString())
    partial = file.with_name(f".{file.name}.partial")
    with tf.io.TFRecordWriter(str(partial)) as writer:
        for record in kept:
            writer.write(record)
    partial.rename(file)
    logging.info("%d of %d warm-up requests go from %s to %s", changed, len(kept), old, new or "nowhere")
    return changed
