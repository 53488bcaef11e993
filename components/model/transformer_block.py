"""One encoder block of a transformer."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class TransformerBlock(layers.Layer):
    """Self-attention and a feed-forward net, each followed by dropout, a residual sum and layer normalization.

    Vaswani et al. 2017, "Attention Is All You Need", section 3.1; the arguments are the article's. Unlike there,
    padding takes no part in the attention, so a sentence's result does not depend on how far its batch is padded.

    Call arguments:
        inputs: float [batch, tokens, embed_dim].
        mask: bool [batch, tokens], true at real tokens; none means that all are.
        training: whether dropout is on.

    Returns:
        Float [batch, tokens, embed_dim].
    """

    def __init__(self, embed_dim: int, num_heads: int, ff_dim: int, rate: float = 0.1, **kwargs: Any) -> None:
        """Sets the sizes: width, heads (must divide it), inner width of the feed-forward net, dropout rate."""
        super().__init__(**kwargs)
        if embed_dim % num_heads:
            raise ValueError(f"num_heads must divide embed_dim, got {num_heads} heads for width {embed_dim}")
        self.embed_dim, self.num_heads, self.ff_dim, self.rate = embed_dim, num_heads, ff_dim, rate
        self.supports_masking = True
        own = {"dtype": self.dtype_policy}
        self.attention = layers.MultiHeadAttention(num_heads, embed_dim // num_heads, name="attention", **own)
        self.inner = layers.Dense(ff_dim, activation="relu", name="inner", **own)
        self.outer = layers.Dense(embed_dim, name="outer", **own)
        self.attention_norm = layers.LayerNormalization(epsilon=1e-6, name="attention_norm", **own)
        self.feed_forward_norm = layers.LayerNormalization(epsilon=1e-6, name="feed_forward_norm", **own)
        self.attention_dropout = layers.Dropout(rate, name="attention_dropout", **own)
        self.feed_forward_dropout = layers.Dropout(rate, name="feed_forward_dropout", **own)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights, so that a loaded block has its own before the first call."""
        self.attention.build(input_shape, input_shape)
        self.inner.build(input_shape)
        self.outer.build((*input_shape[:-1], self.ff_dim))
        self.attention_norm.build(input_shape)
        self.feed_forward_norm.build(input_shape)
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """See the class."""
        keys = None if mask is None else ops.expand_dims(mask, 1)  # [batch, 1, tokens]: which keys may be looked at
        attended = self.attention(inputs, inputs, attention_mask=keys, training=training)
        hidden = self.attention_norm(inputs + self.attention_dropout(attended, training=training))
        fed = self.outer(self.inner(hidden))
        return self.feed_forward_norm(hidden + self.feed_forward_dropout(fed, training=training))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """A block keeps its input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        return {
            **super().get_config(),
            "embed_dim": self.embed_dim,
            "num_heads": self.num_heads,
            "ff_dim": self.ff_dim,
            "rate": self.rate,
        }
