"""Encoder block of a transformer."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class TransformerBlock(layers.Layer):
    """Self-attention and a feed-forward network, each with dropout, a residual connection and layer normalization.

    Vaswani et al. 2017, "Attention Is All You Need", section 3.1, with the arguments of the article. Unlike there,
    attention ignores padding, so the outputs of a sentence do not depend on the padding of its batch.

    Example:
        >>> block = TransformerBlock(embed_dim=8, num_heads=2, ff_dim=16)
        >>> tuple(block(ops.ones((1, 3, 8))).shape)
        (1, 3, 8)

    Call arguments:
        inputs: float [batch, tokens, embed_dim].
        mask: bool [batch, tokens], true at real tokens; None: all are real.
        training: whether to apply dropout.

    Returns:
        Float [batch, tokens, embed_dim].
    """

    def __init__(self, embed_dim: int, num_heads: int, ff_dim: int, rate: float = 0.1, **kwargs: Any) -> None:
        """Sets the width, the heads (must divide it), the width of the feed-forward network, and the dropout rate."""
        super().__init__(**kwargs)
        if embed_dim % num_heads:
            raise ValueError(f"num_heads must divide embed_dim, got {num_heads} heads for width {embed_dim}")
        self.embed_dim, self.num_heads, self.ff_dim, self.rate = embed_dim, num_heads, ff_dim, rate
        self.supports_masking = True
        policy = {"dtype": self.dtype_policy}
        self.attention = layers.MultiHeadAttention(num_heads, embed_dim // num_heads, name="attention", **policy)
        self.inner = layers.Dense(ff_dim, activation="relu", name="inner", **policy)
        self.outer = layers.Dense(embed_dim, name="outer", **policy)
        self.attention_norm = layers.LayerNormalization(epsilon=1e-6, name="attention_norm", **policy)
        self.feed_forward_norm = layers.LayerNormalization(epsilon=1e-6, name="feed_forward_norm", **policy)
        self.attention_dropout = layers.Dropout(rate, name="attention_dropout", **policy)
        self.feed_forward_dropout = layers.Dropout(rate, name="feed_forward_dropout", **policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights; loading needs them before the first call."""
        self.attention.build(input_shape, input_shape)
        self.inner.build(input_shape)
        self.outer.build((*input_shape[:-1], self.ff_dim))
        self.attention_norm.build(input_shape)
        self.feed_forward_norm.build(input_shape)
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        keys = None if mask is None else ops.expand_dims(mask, 1)  # [batch, 1, tokens]
        attended = self.attention(inputs, inputs, attention_mask=keys, training=training)
        hidden = self.attention_norm(inputs + self.attention_dropout(attended, training=training))
        fed = self.outer(self.inner(hidden))
        return self.feed_forward_norm(hidden + self.feed_forward_dropout(fed, training=training))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "embed_dim": self.embed_dim,
            "num_heads": self.num_heads,
            "ff_dim": self.ff_dim,
            "rate": self.rate,
        }
