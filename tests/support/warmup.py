"""Warm-up requests of a packaged model."""

from __future__ import annotations

from components.keys import ASSETS_EXTRA, WARMUP_FILE


def warmup_requests(folder):
    """Reads the `PredictRequest`s of a SavedModel."""
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    records = tf.data.TFRecordDataset(str(folder / ASSETS_EXTRA / WARMUP_FILE)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]
