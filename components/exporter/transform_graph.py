"""The tf.Transform graph as something that can be exported again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft


class TransformGraph(tf.Module):
    """Applies a transform graph to raw features, filling in those that serving does not have (tags, keys).

    Only public functions are used. `TFTransformOutput.transform_features_layer()` would do, too, but it is a Keras 2
    layer: saving it traces it once more as a Keras model, for seconds. `transform_raw_features` cannot be saved at all,
    since nothing then tracks the graph's tables (tensorflow/transform#237).
    """

    def __init__(self, folder: str) -> None:
        """Loads the graph from tf.Transform's output folder."""
        super().__init__(name="transform_graph")
        output = tft.TFTransformOutput(folder)
        self._spec = output.raw_feature_spec()
        self.saved_transform = tf.saved_model.load(output.transform_savedmodel_dir)

    def __call__(self, features: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """Transforms a batch.

        Args:
            features: raw features by name, at least one; fixed-length ones have shape [batch, 1].

        Returns:
            All transformed features. Those computed from features that were not given mean nothing.
        """
        batch = tf.shape(next(iter(features.values())), tf.int64)[0]
        filled = {name: features.get(name, None) for name in self._spec}
        for name, value in filled.items():
            if value is None:
                filled[name] = _nothing(self._spec[name], batch)
        return self.saved_transform.transform_fn(filled)


def _nothing(spec: Any, batch: tf.Tensor) -> tf.Tensor | tf.SparseTensor:
    """A batch of empty values for a feature."""
    empty: Any = "" if spec.dtype == tf.string else tf.constant(0, spec.dtype)
    if isinstance(spec, tf.io.FixedLenFeature):
        return tf.fill(tf.concat([[batch], tf.constant(spec.shape, tf.int64)], 0), empty)
    if isinstance(spec, tf.io.VarLenFeature):
        values = tf.fill([0], empty)
        return tf.SparseTensor(tf.zeros([0, 2], tf.int64), values, tf.stack([batch, tf.constant(0, tf.int64)]))
    raise TypeError(f"the transform graph reads a feature of a kind that serving cannot leave out: {spec}")
