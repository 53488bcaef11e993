"""Tagger with one transformer block, of the article that its class names."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from components.model.layers import WordDropout, arguments
from components.text.transitions import FORBIDDEN


@keras.saving.register_keras_serializable(package="ner")
class TransformerTagger(keras.Model):
    """Embedding, one transformer block, a hidden layer, and a classifier.

    The architecture of the article "How to write a custom Keras model so that it can be deployed for serving", with
    these corrections: attention masks padding, and [PAD] is never predicted (there, unknown words were padding); the
    case of a token is a separate input (there, it was lost); word dropout trains the unknown word; outputs are logits
    (there, the loss expected logits and received probabilities).

    Example: see `components.model.taggers.build_tagger`.

    Call arguments:
        inputs: dict of `word_ids` and `case_ids`, int [batch, tokens], tokens <= maxlen, 0 at padding.
        training: whether to apply dropout.

    Returns:
        Float32 [batch, tokens, num_tags], logits; tag 0 is [PAD].
    """

    def __init__(
        self,
        *,
        num_tags: int,
        vocab_size: int,
        num_cases: int,
        maxlen: int,
        embed_dim: int,
        num_heads: int,
        ff_dim: int,
        rate: float,
        word_dropout: float,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets the sizes; `num_tags`, `vocab_size` and `num_cases` include padding."""
        super().__init__(**kwargs)
        self._sizes = arguments(locals())
        policy = {"dtype": self.dtype_policy}
        self.word_dropout = WordDropout(word_dropout, seed=seed, name="word_dropout", **policy)
        # float32 for the sum of gradients, as in CnnLinearTagger.
        self.embedding = TokenAndPositionEmbedding(maxlen, vocab_size, embed_dim, name="embedding", dtype="float32")
        self.case_embedding = layers.Embedding(num_cases, embed_dim, name="case_embedding", dtype="float32")
        self.block = TransformerBlock(embed_dim, num_heads, ff_dim, rate, name="block", **policy)
        self.input_dropout = layers.Dropout(rate, name="input_dropout", **policy)
        self.hidden = layers.Dense(ff_dim, activation="relu", name="hidden", **policy)
        self.hidden_dropout = layers.Dropout(rate, name="hidden_dropout", **policy)
        # float32 even under mixed precision: the loss and the argmax need the precision.
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")

    def build(self, input_shape: Any = None) -> None:
        """Creates all weights; their shapes do not depend on the input."""
        width = (None, None, self._sizes["embed_dim"])
        self.embedding.build()
        self.case_embedding.build()
        self.block.build(width)
        self.hidden.build(width)
        self.scores.build((None, None, self._sizes["ff_dim"]))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        ids = inputs["word_ids"]
        mask = ops.not_equal(ids, 0)  # [batch, tokens]
        x = self.embedding(self.word_dropout(ids, training=training)) + self.case_embedding(inputs["case_ids"])
        x = self.block(x, mask=mask, training=training)  # [batch, tokens, embed_dim]
        x = self.hidden(self.input_dropout(x, training=training))
        logits = self.scores(self.hidden_dropout(x, training=training))  # [batch, tokens, tags]
        return logits + ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * FORBIDDEN

    @property
    def receptive_field(self) -> None:
        """None: attention covers the whole row."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, without weights."""
        return {**super().get_config(), **self._sizes}


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
