"""Features of raw texts, computed by a transform graph without Beam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.common.faults import reading
from components.transform.features import ENDS, SENTENCE, STARTS, model_features


class TextFeatures:
    """Transform graph as a function of raw texts.

    Example: tests/components/trainer/teacher/test_soft_labels.py.

    Attributes:
        names: features that the tagger reads.
    """

    def __init__(self, folder: str) -> None:
        """Loads the graph from tf.Transform's output folder."""
        output = tft.TFTransformOutput(folder)
        with reading(folder):
            self._spec = output.raw_feature_spec()
            self._graph = tf.saved_model.load(output.transform_savedmodel_dir)
        self.names = model_features(output.transformed_feature_spec())

    def __call__(self, texts: Sequence[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns the number of tokens of each text, and the columns of all tokens.

        Args:
            texts: raw texts.

        Returns:
            int64 [texts]; `starts`, `ends` and the features of the tagger, [tokens] or [tokens, columns].
        """
        count = len(texts)
        features: dict[str, Any] = {name: _empty(spec, count) for name, spec in self._spec.items()}
        features[SENTENCE] = tf.constant([[text] for text in texts], tf.string)
        made = self._graph.transform_fn(features)
        columns = {name: made[name].values.numpy() for name in (STARTS, ENDS, *self.names)}
        return np.diff(made[STARTS].row_splits.numpy()), columns


def _empty(spec: Any, count: int) -> Any:
    """Returns empty values for a feature that unlabelled texts do not have."""
    if isinstance(spec, tf.io.FixedLenFeature):
        return tf.fill([count, *spec.shape], tf.constant("" if spec.dtype == tf.string else 0, spec.dtype))
    return tf.SparseTensor(tf.zeros([0, 2], tf.int64), tf.zeros([0], spec.dtype), [count, 0])
