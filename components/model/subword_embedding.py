"""The vector of a token from its hashed parts."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class SubwordEmbedding(layers.Layer):
    """Sums the embeddings of a token's hashed parts, some of which are left out in training.

    Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information". Leaving parts out keeps the tagger from
    leaning on one of them.

    Call arguments:
        ids: int [batch, tokens, columns]; padding tokens hold 0.
        training: whether parts are left out.

    Returns:
        Float [batch, tokens, width].
    """

    def __init__(self, buckets: int, width: int, rate: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        """Sets the number of hash buckets, the width, and the share of parts to leave out."""
        super().__init__(**kwargs)
        self.buckets, self.width, self.rate, self.seed = buckets, width, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.table = layers.Embedding(buckets, width, dtype=self.dtype_policy, name="table")

    def build(self, input_shape: Any = None) -> None:
        """Creates the table; it does not depend on the input's shape."""
        self.table.build(input_shape)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """See the class."""
        vectors = self.table(ids)  # [batch, tokens, columns, width]
        if training and self.rate:
            kept = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) >= self.rate
            vectors = vectors * ops.expand_dims(ops.cast(kept, vectors.dtype), -1) / (1 - self.rate)
        return ops.sum(vectors, axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The width takes the columns' place."""
        return (*input_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        sizes = {"buckets": self.buckets, "width": self.width, "rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **sizes}
