"""Reader of transformed examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from components.text.windows import Windows
from components.trainer.data.window_table import Chunk
from components.transform.features import TAG_IDS, model_features

_PARSE_BATCH = 512
_READ_BYTES = 1 << 20


def read_windows(files: Sequence[str], feature_spec: Mapping[str, Any], windows: Windows) -> Iterator[Chunk]:
    """Reads transformed examples and cuts long sentences into windows.

    Args:
        files: gzipped TFRecord files of transformed examples.
        feature_spec: `TFTransformOutput.transformed_feature_spec()`.
        windows: length and overlap of the windows.

    Yields:
        `(lengths, columns)` of the windows of some hundred sentences, in the order of the files: int64 [windows], and
        the token values of each feature and of the tag ids, int64 [sum of lengths] or [sum of lengths, columns].
    """
    spec = {name: feature_spec[name] for name in (*model_features(feature_spec), TAG_IDS)}

    def cut(serialized: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        parsed = tf.io.parse_example(serialized, spec)
        cut_up = {name: windows.cut(_by_token(parsed[name])) for name in spec}
        return cut_up[TAG_IDS].row_lengths(), {name: rows.flat_values for name, rows in cut_up.items()}

    records = tf.data.TFRecordDataset(list(files), compression_type="GZIP", buffer_size=_READ_BYTES)
    yield from records.batch(_PARSE_BATCH).map(cut).prefetch(2).as_numpy_iterator()


def _by_token(feature: tf.RaggedTensor) -> tf.RaggedTensor:
    """Returns int64 ragged [batch, tokens] or [batch, tokens, columns]; parsing makes columns ragged, too."""
    feature = tf.cast(feature.with_row_splits_dtype(tf.int64), tf.int64)
    if feature.ragged_rank == 1:
        return feature
    columns = feature.values.uniform_row_length  # the same for every token
    return feature.with_values(tf.reshape(feature.flat_values, [-1, tf.get_static_value(columns)]))
