"""Tagger of the article: one transformer block."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from components.model.arguments import arguments
from components.model.token_and_position_embedding import TokenAndPositionEmbedding
from components.model.transformer_block import TransformerBlock
from components.model.word_dropout import WordDropout
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
        maxlen: int = 128,
        embed_dim: int = 32,
        num_heads: int = 2,
        ff_dim: int = 32,
        rate: float = 0.1,
        word_dropout: float = 0.05,
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
