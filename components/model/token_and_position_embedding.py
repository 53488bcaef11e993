"""The articles' input layer: what the token is, and where it stands."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class TokenAndPositionEmbedding(layers.Layer):
    """Sums an embedding of the token id and one of its position.

    From the article "How to write a custom Keras model so that it can be deployed for serving", and the Keras example
    it builds on (Named Entity Recognition using Transformers). Unlike there, id 0 is padding and nothing else.

    Call arguments:
        ids: int [batch, tokens], tokens <= maxlen.

    Returns:
        Float [batch, tokens, embed_dim].
    """

    def __init__(self, maxlen: int, vocab_size: int, embed_dim: int, **kwargs: Any) -> None:
        """Sets the sizes: positions, ids (padding and unknown included), width."""
        super().__init__(**kwargs)
        self.maxlen, self.vocab_size, self.embed_dim = maxlen, vocab_size, embed_dim
        self.supports_masking = True
        self.token_embedding = layers.Embedding(vocab_size, embed_dim, dtype=self.dtype_policy, name="token_embedding")
        self.position_embedding = layers.Embedding(
            maxlen, embed_dim, dtype=self.dtype_policy, name="position_embedding"
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates the two tables; they do not depend on the input's shape."""
        self.token_embedding.build(input_shape)
        self.position_embedding.build(input_shape)
        self.built = True

    def call(self, ids: Any) -> Any:
        """See the class."""
        positions = ops.arange(ops.shape(ids)[-1], dtype="int32")
        return self.token_embedding(ids) + self.position_embedding(positions)

    def compute_mask(self, ids: Any, mask: Any = None) -> Any:
        """Returns bool [batch, tokens], true at real tokens."""
        return ops.not_equal(ids, 0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Appends the embedding's width."""
        return (*input_shape, self.embed_dim)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        return {
            **super().get_config(),
            "maxlen": self.maxlen,
            "vocab_size": self.vocab_size,
            "embed_dim": self.embed_dim,
        }
