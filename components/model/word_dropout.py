"""Training on unknown words."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class WordDropout(layers.Layer):
    """Replaces random token ids by the unknown word's, in training only.

    Without it a word that is unknown in serving has a vector that training never touched whenever the vocabulary covers
    the training text. Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods", section 3.2.

    Call arguments:
        ids: int [batch, tokens]; padding (0) stays as it is.

    Returns:
        Ids of the same shape and dtype.
    """

    def __init__(self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs: Any) -> None:
        """Sets the share of tokens to replace, 0 to 1, and what to replace them by."""
        super().__init__(**kwargs)
        self.rate, self.unknown_id, self.seed = rate, unknown_id, seed
        self.supports_masking = True
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """See the class."""
        if not training or not self.rate:
            return ids
        drop = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < self.rate
        unknown = ops.cast(self.unknown_id, ids.dtype)
        return ops.where(ops.logical_and(drop, ops.not_equal(ids, 0)), unknown, ids)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape stays."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        return {**super().get_config(), "rate": self.rate, "unknown_id": self.unknown_id, "seed": self.seed}
