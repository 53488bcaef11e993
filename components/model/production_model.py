"""The tagger to deploy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from components.model.context_block import ContextBlock
from components.model.subword_embedding import SubwordEmbedding
from components.model.word_dropout import WordDropout
from components.text.transitions import FORBIDDEN


@keras.saving.register_keras_serializable(package="ner")
class ProductionModel(keras.Model):
    """Word, case and hashed subwords in, gated dilated convolutions over the tokens, a score for each tag out.

    Made for accuracy from small data and for speed on a CPU: the subwords say something about words that training
    never saw, dropout of words makes the tagger listen to them, and convolutions see as much context as names need in a
    handful of matrix products, where a recurrent network takes one step a token.

    Call arguments:
        inputs: dict of `word_ids` and `case_ids`, int [batch, tokens], and `subword_ids`, int [batch, tokens, columns];
            0 at padding.
        training: whether dropout is on.

    Returns:
        Float32 [batch, tokens, num_tags], logits; tag 0 is [PAD].
    """

    def __init__(
        self,
        num_tags: int,
        vocab_size: int,
        num_cases: int,
        num_subwords: int,
        embed_dim: int,
        width: int,
        dilations: Sequence[int],
        input_dropout: float,
        dropout: float,
        word_dropout: float,
        subword_dropout: float,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets the sizes; `num_tags`, `vocab_size`, `num_cases` and `num_subwords` count padding."""
        super().__init__(**kwargs)
        self._sizes: dict[str, Any] = {
            "num_tags": num_tags,
            "vocab_size": vocab_size,
            "num_cases": num_cases,
            "num_subwords": num_subwords,
            "embed_dim": embed_dim,
            "width": width,
            "dilations": list(dilations),
            "input_dropout": input_dropout,
            "dropout": dropout,
            "word_dropout": word_dropout,
            "subword_dropout": subword_dropout,
            "seed": seed,
        }
        own = {"dtype": self.dtype_policy}
        self.word_dropout = WordDropout(word_dropout, seed=seed, name="word_dropout", **own)
        self.word_embedding = layers.Embedding(vocab_size, embed_dim, name="word_embedding", **own)
        self.case_embedding = layers.Embedding(num_cases, embed_dim, name="case_embedding", **own)
        self.subword_embedding = SubwordEmbedding(
            num_subwords, embed_dim, subword_dropout, seed=seed, name="subword_embedding", **own
        )
        self.input_norm = layers.LayerNormalization(epsilon=1e-6, name="input_norm", **own)
        self.input_dropout = layers.Dropout(input_dropout, name="input_dropout", **own)
        self.widen = layers.Dense(width, name="widen", **own)
        self.blocks = [
            ContextBlock(width, dilation, dropout, name=f"block_{number}", **own)
            for number, dilation in enumerate(dilations)
        ]
        self.output_dropout = layers.Dropout(dropout, name="output_dropout", **own)
        # Scores stay in float32 under mixed precision: the loss and the argmax need the digits.
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")

    def build(self, input_shape: Any = None) -> None:
        """Creates all weights; their shapes do not depend on the input's."""
        narrow, wide = (None, None, self._sizes["embed_dim"]), (None, None, self._sizes["width"])
        self.word_embedding.build()
        self.case_embedding.build()
        self.subword_embedding.build()
        self.input_norm.build(narrow)
        self.widen.build(narrow)
        for block in self.blocks:
            block.build(wide)
        self.scores.build(wide)
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """See the class."""
        ids = inputs["word_ids"]
        mask = ops.not_equal(ids, 0)  # [batch, tokens]
        x = self.word_embedding(self.word_dropout(ids, training=training)) + self.case_embedding(inputs["case_ids"])
        x = self.input_norm(x + self.subword_embedding(inputs["subword_ids"], training=training))
        x = self.widen(self.input_dropout(x, training=training))  # [batch, tokens, width]
        x = x * ops.cast(ops.expand_dims(mask, -1), x.dtype)
        for block in self.blocks:
            x = block(x, mask=mask, training=training)
        logits = self.scores(self.output_dropout(x, training=training))  # [batch, tokens, tags]
        return logits + ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * FORBIDDEN

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs: sizes only, no layer and no table."""
        return {**super().get_config(), **self._sizes}
