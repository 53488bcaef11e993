"""Input layer of the transformer tagger."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class TokenAndPositionEmbedding(layers.Layer):
    """Sum of the embeddings of the token id and of its position.

    From the article "How to write a custom Keras model so that it can be deployed for serving", and the Keras example
    that it builds on (Named Entity Recognition using Transformers). Unlike there, id 0 is used only for padding.

    Example:
        >>> layer = TokenAndPositionEmbedding(maxlen=16, vocab_size=10, embed_dim=8)
        >>> tuple(layer(ops.ones((1, 3), "int32")).shape)
        (1, 3, 8)

    Call arguments:
        ids: int [batch, tokens], tokens <= maxlen.

    Returns:
        Float [batch, tokens, embed_dim].
    """

    def __init__(self, maxlen: int, vocab_size: int, embed_dim: int, **kwargs: Any) -> None:
        """Sets the numbers of positions and ids (including padding and unknown), and the width."""
        super().__init__(**kwargs)
        self.maxlen, self.vocab_size, self.embed_dim = maxlen, vocab_size, embed_dim
        self.supports_masking = True
        self.token_embedding = layers.Embedding(vocab_size, embed_dim, dtype=self.dtype_policy, name="token_embedding")
        self.position_embedding = layers.Embedding(
            maxlen, embed_dim, dtype=self.dtype_policy, name="position_embedding"
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates both tables; they do not depend on the input shape."""
        self.token_embedding.build(input_shape)
        self.position_embedding.build(input_shape)
        self.built = True

    def call(self, ids: Any) -> Any:
        """Computes the outputs that the class documents."""
        positions = ops.arange(ops.shape(ids)[-1], dtype="int32")
        return self.token_embedding(ids) + self.position_embedding(positions)

    def compute_mask(self, ids: Any, mask: Any = None) -> Any:
        """Returns bool [batch, tokens], true at real tokens."""
        return ops.not_equal(ids, 0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Appends the width."""
        return (*input_shape, self.embed_dim)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "maxlen": self.maxlen,
            "vocab_size": self.vocab_size,
            "embed_dim": self.embed_dim,
        }
