"""From transformed examples to batches of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from components.text.windows import Windows
from components.transform.features import MODEL_FEATURES, TAG_IDS

_PARSE_BATCH = 512
_SHUFFLE_BUFFER = 50_000
_SHORTEST_BUCKET = 8


def window_dataset(files: Sequence[str], feature_spec: Mapping[str, Any], windows: Windows) -> tf.data.Dataset:
    """Reads the windows of all sentences, one an element, in the order of the files.

    Args:
        files: gzipped TFRecord files of transformed examples.
        feature_spec: `TFTransformOutput.transformed_feature_spec()`.
        windows: how long sentences are cut.

    Returns:
        Dataset of (dict of int64 [tokens] or [tokens, columns] features, int64 [tokens] tag ids); sentences without
        tokens give nothing.
    """
    spec = {name: feature_spec[name] for name in (*MODEL_FEATURES, TAG_IDS)}

    def cut(serialized: tf.Tensor) -> tuple[dict[str, tf.RaggedTensor], tf.RaggedTensor]:
        parsed = tf.io.parse_example(serialized, spec)
        rows = {name: windows.cut(_by_token(parsed[name])) for name in spec}
        return {name: rows[name] for name in MODEL_FEATURES}, rows[TAG_IDS]

    dataset = tf.data.TFRecordDataset(list(files), compression_type="GZIP").batch(_PARSE_BATCH)
    rows = dataset.map(cut, num_parallel_calls=tf.data.AUTOTUNE).unbatch()
    # A row of a ragged tensor is an ordinary tensor, but only a map makes tf.data believe it.
    return rows.map(lambda features, tags: (features, tags)).filter(lambda _, tags: tf.size(tags) > 0)


def _by_token(feature: tf.RaggedTensor) -> tf.RaggedTensor:
    """Returns int64 ragged [batch, tokens] or [batch, tokens, columns]; parsing makes columns a ragged dimension."""
    feature = tf.cast(feature.with_row_splits_dtype(tf.int64), tf.int64)
    if feature.ragged_rank == 1:
        return feature
    columns = feature.values.uniform_row_length  # the same for every token
    return feature.with_values(tf.reshape(feature.flat_values, [-1, tf.get_static_value(columns)]))


def batches(dataset: tf.data.Dataset, batch_size: int, window_size: int, seed: int | None = None) -> tf.data.Dataset:
    """Groups windows of similar length into padded batches.

    Args:
        dataset: of `window_dataset`.
        batch_size: windows a batch.
        window_size: the longest window.
        seed: shuffles, anew each epoch; none keeps the order within each length.

    Returns:
        Dataset of (dict of int64 [batch, tokens] or [batch, tokens, columns] features, int64 [batch, tokens] tag ids),
        0 at padding.
    """
    dataset = dataset.cache()
    if seed is not None:
        dataset = dataset.shuffle(_SHUFFLE_BUFFER, seed=seed)
    boundaries: list[int] = []
    while (boundaries[-1] if boundaries else _SHORTEST_BUCKET) < window_size:
        boundaries.append(boundaries[-1] * 2 if boundaries else _SHORTEST_BUCKET)
    return dataset.bucket_by_sequence_length(
        lambda _, tags: tf.size(tags),
        bucket_boundaries=[length + 1 for length in boundaries],  # a bucket holds lengths below its boundary
        bucket_batch_sizes=[batch_size] * (len(boundaries) + 1),
    ).prefetch(tf.data.AUTOTUNE)
