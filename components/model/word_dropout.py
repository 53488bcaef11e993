"""Dropout of words that trains the unknown word."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class WordDropout(layers.Layer):
    """Replacement of random token ids by the unknown word, in training only.

    Without it, the vector of the unknown word is not trained if the vocabulary covers the training text. Iyyer et al.
    2015, "Deep Unordered Composition Rivals Syntactic Methods", section 3.2.

    Example:
        >>> WordDropout(rate=1.0)(ops.array([[5, 6, 0]]), training=True).numpy().tolist()
        [[1, 1, 0]]

    Call arguments:
        ids: int [batch, tokens]; padding (0) is not replaced.
        training: whether to replace ids.

    Returns:
        Ids of the same shape and dtype.
    """

    def __init__(self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs: Any) -> None:
        """Sets the share of tokens to replace, 0 to 1, and the id that replaces them."""
        super().__init__(**kwargs)
        self.rate, self.unknown_id, self.seed = rate, unknown_id, seed
        self.supports_masking = True
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        if not training or not self.rate:
            return ids
        drop = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < self.rate
        unknown = ops.cast(self.unknown_id, ids.dtype)
        return ops.where(ops.logical_and(drop, ops.not_equal(ids, 0)), unknown, ids)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "rate": self.rate, "unknown_id": self.unknown_id, "seed": self.seed}
