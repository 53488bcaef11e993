"""Tagger of a convolutional network and linear experts, whose weighted mean is the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from components.model.context_block import ContextBlock
from components.model.context_features import ContextFeatures
from components.model.feature_templates import reach
from components.model.pretrained_vectors import PretrainedVectors
from components.model.subword_embedding import SubwordEmbedding
from components.model.word_dropout import WordDropout
from components.text.transitions import FORBIDDEN

# One learning rate serves both experts when the linear one's weights count this much.
_LINEAR_STEP = 2.5
# Ensemble weight of the network, which is overconfident (tuned on two dev sets).
_NETWORK_SHARE = 0.35


def columns(inputs: Mapping[str, Any]) -> Any:
    """Returns int [batch, tokens, columns]: word, case and subwords of each token, what `ContextFeatures` reads.

    Args:
        inputs: the tagger's features.
    """
    alone = [ops.expand_dims(ops.cast(inputs[name], "int32"), -1) for name in ("word_ids", "case_ids")]
    return ops.concatenate([*alone, ops.cast(inputs["subword_ids"], "int32")], axis=-1)


@keras.saving.register_keras_serializable(package="ner")
class CnnLinearTagger(keras.Model):
    """Two experts that look at the same tokens in different ways, trained side by side.

    Their weighted mean is the answer.

    The network sums the vectors of a word, its case and its hashed subwords, and mixes neighbours by gated dilated
    convolutions: it says something about words that training never saw, in a handful of matrix products, where a
    recurrent network takes one step a token. The linear expert (`ContextFeatures`) knows by heart what stood around a
    name. Each has its own loss: trained on their sum, the one that learns a sentence first keeps the other from
    learning it, which costs two to four points of F1 (docs/taggers.md).

    Call arguments:
        inputs: dict of `word_ids` and `case_ids`, int [batch, tokens], and `subword_ids`, int [batch, tokens, columns];
            with pretrained vectors `vector_ids`, int [batch, tokens], too; 0 at padding.
        training: whether dropout is on.

    Returns:
        Float32 [batch, tokens, num_tags], logits; tag 0 is [PAD]. In training [1 + linear_members, batch, tokens,
        num_tags], those of the network and of each linear expert, for a loss of its own (`ConstrainedCrfLoss`).
    """

    def __init__(
        self,
        *,
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
        linear_weights: int,
        linear_members: int,
        linear_dropout: float,
        seed: int | None = None,
        vectors: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets the sizes; `num_tags`, `vocab_size`, `num_cases` and `num_subwords` count padding.

        `linear_weights` is the most that the linear expert may have when it is served (or one row of the tags, if that
        is more), `linear_members` how many of its kind are trained, `linear_dropout` the share of its features that
        training leaves out. `vectors` are the arguments of `PretrainedVectors`, without the width; none where there are
        no such vectors.
        """
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
            "linear_weights": linear_weights,
            "linear_members": linear_members,
            "linear_dropout": linear_dropout,
            "seed": seed,
            "vectors": dict(vectors) if vectors else None,
        }
        own = {"dtype": self.dtype_policy}
        self.word_dropout = WordDropout(word_dropout, seed=seed, name="word_dropout", **own)
        self.word_embedding = layers.Embedding(vocab_size, embed_dim, name="word_embedding", **own)
        self.case_embedding = layers.Embedding(num_cases, embed_dim, name="case_embedding", **own)
        self.subword_embedding = SubwordEmbedding(
            num_subwords, embed_dim, subword_dropout, seed=seed, name="subword_embedding", **own
        )
        self.word_vectors = (
            PretrainedVectors(**vectors, width=embed_dim, seed=seed, name="word_vectors", **own) if vectors else None
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
        rows = max(linear_weights // num_tags, 1)
        self.linear = ContextFeatures(
            rows, num_tags, linear_members, linear_dropout, seed=seed, dtype="float32", name="linear"
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates all weights; their shapes do not depend on the input's."""
        narrow, wide = (None, None, self._sizes["embed_dim"]), (None, None, self._sizes["width"])
        self.word_embedding.build()
        self.case_embedding.build()
        self.subword_embedding.build()
        if self.word_vectors is not None:
            self.word_vectors.build()
        self.input_norm.build(narrow)
        self.widen.build(narrow)
        for block in self.blocks:
            block.build(wide)
        self.scores.build(wide)
        self.linear.build()
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """See the class."""
        network = self._network(inputs, training)
        linear = self.linear(columns(inputs), training=training) * _LINEAR_STEP
        pad = ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * FORBIDDEN
        if training:
            return ops.concatenate([ops.expand_dims(network, 0), linear], axis=0) + pad
        return _NETWORK_SHARE * network + (1 - _NETWORK_SHARE) * linear + pad

    def _network(self, inputs: dict[str, Any], training: bool) -> Any:
        """Logits of the network, float32 [batch, tokens, tags]."""
        ids = inputs["word_ids"]
        mask = ops.not_equal(ids, 0)  # [batch, tokens]
        x = self.word_embedding(self.word_dropout(ids, training=training)) + self.case_embedding(inputs["case_ids"])
        x = x + self.subword_embedding(inputs["subword_ids"], training=training)
        if self.word_vectors is not None:
            x = x + self.word_vectors(inputs["vector_ids"], training=training)
        x = self.input_norm(x)
        x = self.widen(self.input_dropout(x, training=training))  # [batch, tokens, width]
        x = x * ops.cast(ops.expand_dims(mask, -1), x.dtype)
        for block in self.blocks:
            x = block(x, mask=mask, training=training)
        return self.scores(self.output_dropout(x, training=training))

    def folded(self) -> CnnLinearTagger:
        """Returns a copy with one linear expert that answers as the mean of all of them does."""
        copy = CnnLinearTagger.from_config({**self.get_config(), "linear_members": 1})
        copy.build()
        for own, other in zip(copy.variables, self.variables, strict=True):
            own.assign(self.linear.folded() if other is self.linear.table.embeddings else other)
        return copy

    @property
    def receptive_field(self) -> int:
        """See `components.model.taggers`: nothing looks farther in one step, and padding is 0 after each."""
        return max(*self._sizes["dilations"], reach())

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs: sizes only, no layer and no table."""
        return {**super().get_config(), **self._sizes}
