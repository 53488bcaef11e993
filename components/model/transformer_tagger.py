"""Tagger of one transformer block, from the article, with its defects corrected."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from components.model.token_and_position_embedding import TokenAndPositionEmbedding
from components.model.transformer_block import TransformerBlock
from components.model.word_dropout import WordDropout

# Large enough that no softmax gives padding a share, small enough for float16 sums.
_IMPOSSIBLE = -1e9


@keras.saving.register_keras_serializable(package="ner")
class TransformerTagger(keras.Model):
    """Embedding, one transformer block, a hidden layer, and a score for each tag.

    The architecture of the article "How to write a custom Keras model so that it can be deployed for serving". What
    differs, and why: padding is masked in the attention and [PAD] cannot be predicted (there, an unknown word was
    padding); the case of a token is an input of its own (there, it was thrown away); unknown words are trained (word
    dropout); the output is logits (there, softmax went into a loss that expected logits).

    Call arguments:
        inputs: dict of `word_ids` and `case_ids`, int [batch, tokens], tokens <= maxlen, 0 at padding.
        training: whether dropout is on.

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
        """Sets the sizes; `num_tags`, `vocab_size` and `num_cases` count padding."""
        super().__init__(**kwargs)
        self._sizes: dict[str, Any] = {
            "num_tags": num_tags,
            "vocab_size": vocab_size,
            "num_cases": num_cases,
            "maxlen": maxlen,
            "embed_dim": embed_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "rate": rate,
            "word_dropout": word_dropout,
            "seed": seed,
        }
        own = {"dtype": self.dtype_policy}
        self.word_dropout = WordDropout(word_dropout, seed=seed, name="word_dropout", **own)
        self.embedding = TokenAndPositionEmbedding(maxlen, vocab_size, embed_dim, name="embedding", **own)
        self.case_embedding = layers.Embedding(num_cases, embed_dim, name="case_embedding", **own)
        self.block = TransformerBlock(embed_dim, num_heads, ff_dim, rate, name="block", **own)
        self.input_dropout = layers.Dropout(rate, name="input_dropout", **own)
        self.hidden = layers.Dense(ff_dim, activation="relu", name="hidden", **own)
        self.hidden_dropout = layers.Dropout(rate, name="hidden_dropout", **own)
        # Scores stay in float32 under mixed precision: the loss and the argmax need the digits.
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")

    def build(self, input_shape: Any = None) -> None:
        """Creates all weights; their shapes do not depend on the input's."""
        width = (None, None, self._sizes["embed_dim"])
        self.embedding.build()
        self.case_embedding.build()
        self.block.build(width)
        self.hidden.build(width)
        self.scores.build((None, None, self._sizes["ff_dim"]))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """See the class."""
        ids = inputs["word_ids"]
        mask = ops.not_equal(ids, 0)  # [batch, tokens]
        x = self.embedding(self.word_dropout(ids, training=training)) + self.case_embedding(inputs["case_ids"])
        x = self.block(x, mask=mask, training=training)  # [batch, tokens, embed_dim]
        x = self.hidden(self.input_dropout(x, training=training))
        logits = self.scores(self.hidden_dropout(x, training=training))  # [batch, tokens, tags]
        return logits + ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * _IMPOSSIBLE

    @property
    def receptive_field(self) -> None:
        """See `components.model.taggers`: attention sees the whole row, and positions are counted."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs: sizes only, no layer and no table."""
        return {**super().get_config(), **self._sizes}
