"""What a training step reads."""

from __future__ import annotations

from typing import Any, NamedTuple


class Batch(NamedTuple):
    """Windows of similar length, padded with 0 to the same.

    Attributes:
        features: int32 [rows, tokens] or [rows, tokens, columns] each (float32 where a feature is no id); arrays of
            numpy or tensors.
        tags: int32 [rows, tokens]: 0 at padding, -1 for a tag that training never saw.
    """

    features: dict[str, Any]
    tags: Any

    @property
    def signature(self) -> Batch:
        """Returns tensor specifications that fit batches of any number and length of rows.

        A function that is told of them is traced once; one that is left to find out, for the first shape and again.
        """
        import tensorflow as tf

        return tf.nest.map_structure(lambda array: tf.TensorSpec([None, None, *array.shape[2:]], array.dtype), self)
