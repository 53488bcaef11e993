"""Sum of embeddings of the hashed subwords of a token."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class SubwordEmbedding(layers.Layer):
    """Sum of the embeddings of hashed subwords, with dropout of whole subwords.

    Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information". Dropout keeps the tagger from relying on
    a single subword.

    Example:
        >>> tuple(SubwordEmbedding(buckets=31, width=8)(ops.ones((1, 2, 10), "int32")).shape)
        (1, 2, 8)

    Call arguments:
        ids: int [batch, tokens, columns]; 0 at padding.
        training: whether to drop subwords.

    Returns:
        Float [batch, tokens, width].
    """

    def __init__(
        self,
        buckets: int,
        width: int,
        rate: float = 0.0,
        seed: int | None = None,
        initializer: str = "uniform",
        **kwargs: Any,
    ) -> None:
        """Sets the number of hash buckets, the width, the share of subwords to drop, and the initial embeddings."""
        super().__init__(**kwargs)
        self.buckets, self.width, self.rate, self.seed = buckets, width, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.initializer = initializer
        self.table = layers.Embedding(
            buckets, width, embeddings_initializer=initializer, dtype=self.dtype_policy, name="table"
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates the table; it does not depend on the input shape."""
        self.table.build(input_shape)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        vectors = self.table(ids)  # [batch, tokens, columns, width]
        if training and self.rate:
            kept = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) >= self.rate
            vectors = vectors * ops.expand_dims(ops.cast(kept, vectors.dtype), -1) / (1 - self.rate)
        return ops.sum(vectors, axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Replaces the last dimension by the width."""
        return (*input_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        sizes = {"buckets": self.buckets, "width": self.width, "rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **sizes, "initializer": self.initializer}
