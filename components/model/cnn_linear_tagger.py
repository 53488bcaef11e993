"""Ensemble of a convolutional network and linear experts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from components.keys import CLUSTER_IDS, GAZETTEER, GAZETTEER_CODES
from components.model.context_features import ContextFeatures
from components.model.feature_templates import reach
from components.model.layers import ContextBlock, PretrainedVectors, SubwordEmbedding, WordDropout, arguments
from components.text.transitions import FORBIDDEN

LINEAR_STEP = 2.5
"""Scale of the linear logits that lets one learning rate serve both experts."""
DEFAULT_NETWORK_SHARE = 0.35
"""Ensemble weight of the network, which is overconfident, in models saved without one; a training chooses its own."""


def columns(inputs: Mapping[str, Any]) -> Any:
    """Concatenates the features of each token for `ContextFeatures`.

    Args:
        inputs: features of the tagger.

    Returns:
        Int32 [batch, tokens, columns]: word, case, subwords, codes of gazetteers in the order of their types, clusters.

    Example:
        >>> ids = ops.ones((1, 2))
        >>> tuple(columns({"word_ids": ids, "case_ids": ids, "subword_ids": ops.ones((1, 2, 10))}).shape)
        (1, 2, 12)
    """
    single = [ops.expand_dims(ops.cast(inputs[name], "int32"), -1) for name in ("word_ids", "case_ids")]
    codes = [
        ops.expand_dims(ops.cast(inputs[name], "int32"), -1) for name in sorted(inputs) if name.startswith(GAZETTEER)
    ]
    clusters = [ops.cast(inputs[CLUSTER_IDS], "int32")] if CLUSTER_IDS in inputs else []
    return ops.concatenate([*single, ops.cast(inputs["subword_ids"], "int32"), *codes, *clusters], axis=-1)


@keras.saving.register_keras_serializable(package="ner")
class CnnLinearTagger(keras.Model):
    """Weighted mean of the logits of a convolutional network and of linear experts.

    The network sums the embeddings of a word, its case and its hashed subwords, and applies gated dilated convolutions.
    It generalizes to unseen words. The linear experts (`ContextFeatures`) memorize the contexts of names. Each expert
    has a separate loss: trained on their sum, the expert that fits a sentence first keeps the other from learning it,
    which costs two to four points of F1 (docs/taggers.md).

    Example: tests/components/model/test_cnn_linear_tagger.py.

    Call arguments:
        inputs: dict of `word_ids` and `case_ids`, int [batch, tokens], and `subword_ids`, int [batch, tokens, columns];
            with pretrained vectors also `vector_ids`, with gazetteers also `gazetteer_` and the type of each, int
            [batch, tokens]; with clusters also `cluster_ids`, int [batch, tokens, columns]; 0 at padding.
        training: whether to apply dropout.

    Returns:
        Float32 [batch, tokens, num_tags], logits; tag 0 is [PAD]. In training [1 + linear_members, batch, tokens,
        num_tags]: logits of the network and of each linear expert, for `ConstrainedCrfLoss`; those of the network
        only if L-BFGS trains the linear expert.
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
        linear_optimizer: str = "adam",
        network_share: float = DEFAULT_NETWORK_SHARE,
        seed: int | None = None,
        vectors: Mapping[str, Any] | None = None,
        gazetteers: Sequence[str] = (),
        clusters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Creates the layers.

        Args:
            num_tags: number of tags; like all numbers of ids, it includes padding.
            vocab_size: number of word ids.
            num_cases: number of case ids.
            num_subwords: number of subword ids.
            embed_dim: width of the embeddings.
            width: width of the convolutions.
            dilations: dilation of each convolution.
            input_dropout: dropout rate of the embeddings.
            dropout: dropout rate of the convolutions and of their output.
            word_dropout: share of words that training replaces by [UNK].
            subword_dropout: share of subwords that training drops.
            linear_weights: maximum number of weights of the linear expert in serving; at least one row of the table.
            linear_members: number of linear experts in training; serving uses their mean.
            linear_dropout: share of linear features that training drops.
            linear_optimizer: how the Trainer trains the linear experts: `adam`, together with the network, or `lbfgs`,
                one expert before the network, which is then trained alone.
            network_share: ensemble weight of the network.
            seed: seed of the dropout of words, subwords, vectors and features; Keras draws the others.
            vectors: arguments of `PretrainedVectors` except the width; None: no pretrained vectors.
            gazetteers: types of the gazetteers, in alphabetical order.
            clusters: number of `ids` and of `columns`, and `version`, a short hash of the file; None: no clusters.
            **kwargs: arguments of `keras.Model`.
        """
        super().__init__(**kwargs)
        self._sizes = {
            **arguments(locals()),
            "dilations": list(dilations),
            "vectors": dict(vectors) if vectors else None,
            "gazetteers": list(gazetteers),
            "clusters": dict(clusters) if clusters else None,
        }
        policy = {"dtype": self.dtype_policy}
        # Layers with equal seeds draw equal numbers: the network would never see a word without its vector.
        seeds = iter(np.random.SeedSequence(seed).generate_state(5 + len(gazetteers)).tolist())
        # float32 even under mixed precision: the gradient of a frequent row adds up thousands of tokens, which bfloat16
        # rounds, and which took an H200 90 times as long (benchmarks/results/gpu.json).
        tables = {"dtype": "float32"}
        self.word_dropout = WordDropout(word_dropout, seed=next(seeds), name="word_dropout", **policy)
        self.word_embedding = layers.Embedding(vocab_size, embed_dim, name="word_embedding", **tables)
        self.case_embedding = layers.Embedding(num_cases, embed_dim, name="case_embedding", **tables)
        self.subword_embedding = SubwordEmbedding(
            num_subwords, embed_dim, subword_dropout, seed=next(seeds), name="subword_embedding", **tables
        )
        self.word_vectors = (
            PretrainedVectors(**vectors, width=embed_dim, seed=next(seeds), name="word_vectors", **policy)
            if vectors
            else None
        )
        # Zeros, so that a warm start with another gazetteer begins with the earlier predictions.
        self.gazetteers = [
            SubwordEmbedding(
                GAZETTEER_CODES, embed_dim, subword_dropout, next(seeds), "zeros", name=GAZETTEER + name, **tables
            )
            for name in gazetteers
        ]
        # Ids of another file mean other words, so that the name keeps a warm start from copying them.
        name = f"clusters_{clusters['version']}" if clusters else ""
        self.clusters = (
            SubwordEmbedding(clusters["ids"], embed_dim, subword_dropout, next(seeds), "zeros", name=name, **tables)
            if clusters
            else None
        )
        self.input_norm = layers.LayerNormalization(epsilon=1e-6, name="input_norm", **policy)
        self.input_dropout = layers.Dropout(input_dropout, name="input_dropout", **policy)
        self.widen = layers.Dense(width, name="widen", **policy)
        self.blocks = [
            ContextBlock(width, dilation, dropout, name=f"block_{number}", **policy)
            for number, dilation in enumerate(dilations)
        ]
        self.output_dropout = layers.Dropout(dropout, name="output_dropout", **policy)
        # float32 even under mixed precision: the loss and the argmax need the precision.
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")
        rows = max(linear_weights // num_tags, 1)
        members = linear_members if linear_optimizer == "adam" else 1
        extra = {
            "gazetteers": gazetteers,
            "clusters": [f"{name}_{column}" for column in range(clusters["columns"] if clusters else 0)],
        }
        self.linear = ContextFeatures(
            rows, num_tags, members, linear_dropout, next(seeds), **extra, dtype="float32", name="linear"
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates all weights; their shapes do not depend on the input."""
        narrow, wide = (None, None, self._sizes["embed_dim"]), (None, None, self._sizes["width"])
        self.word_embedding.build()
        self.case_embedding.build()
        self.subword_embedding.build()
        if self.word_vectors is not None:
            self.word_vectors.build()
        for gazetteer in self.gazetteers:
            gazetteer.build()
        if self.clusters is not None:
            self.clusters.build()
        self.input_norm.build(narrow)
        self.widen.build(narrow)
        for block in self.blocks:
            block.build(wide)
        self.scores.build(wide)
        self.linear.build()
        self.linear.trainable = self._sizes["linear_optimizer"] == "adam"  # Keras sets this on existing weights only
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        network = self._network(inputs, training)
        pad = ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * FORBIDDEN
        if training and not self.linear.trainable:
            return ops.expand_dims(network, 0) + pad
        linear = self.linear(columns(inputs), training=training) * LINEAR_STEP
        if training:
            return ops.concatenate([ops.expand_dims(network, 0), linear], axis=0) + pad
        return self.network_share * network + (1 - self.network_share) * linear + pad

    def _network(self, inputs: dict[str, Any], training: bool) -> Any:
        """Returns the logits of the network, float32 [batch, tokens, tags]."""
        ids = inputs["word_ids"]
        mask = ops.not_equal(ids, 0)  # [batch, tokens]
        x = self.word_embedding(self.word_dropout(ids, training=training)) + self.case_embedding(inputs["case_ids"])
        x = x + self.subword_embedding(inputs["subword_ids"], training=training)
        if self.word_vectors is not None:
            x = x + self.word_vectors(inputs["vector_ids"], training=training)
        for gazetteer in self.gazetteers:
            x = x + gazetteer(ops.expand_dims(inputs[gazetteer.name], -1), training=training)
        if self.clusters is not None:
            x = x + self.clusters(inputs[CLUSTER_IDS], training=training)
        x = self.input_norm(x)
        x = self.widen(self.input_dropout(x, training=training))  # [batch, tokens, width]
        x = x * ops.cast(ops.expand_dims(mask, -1), x.dtype)
        for block in self.blocks:
            x = block(x, mask=mask, training=training)
        return self.scores(self.output_dropout(x, training=training))

    def folded(self) -> CnnLinearTagger:
        """Returns an equivalent tagger whose single linear expert is the mean of all."""
        copy = CnnLinearTagger.from_config({**self.get_config(), "linear_members": 1})
        copy.build()
        for target, source in zip(copy.variables, self.variables, strict=True):
            target.assign(self.linear.folded() if source is self.linear.table.embeddings else source)
        return copy

    @property
    def network_share(self) -> float:
        """Ensemble weight of the network. A new value has no effect on graphs that were traced before."""
        return float(self._sizes["network_share"])

    @network_share.setter
    def network_share(self, share: float) -> None:
        self._sizes["network_share"] = share

    @property
    def receptive_field(self) -> int:
        """The larger one of the network's, the sum of its dilations, and the linear expert's."""
        return max(sum(self._sizes["dilations"]), reach())

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, without weights."""
        return {**super().get_config(), **self._sizes}
