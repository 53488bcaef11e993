"""Layers that several taggers use, or that the default tagger, `cnn_linear`, consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class WordDropout(layers.Layer):
    """Replacement of random token ids by the unknown word, in training only.

    Without it, the vector of the unknown word is not trained if the vocabulary covers the training text. Iyyer et al.
    2015, "Deep Unordered Composition Rivals Syntactic Methods", section 3.2.

    Example:
        >>> WordDropout(rate=1.0)(ops.array([[5, 6, 0]]), training=True).numpy().tolist()
        [[1, 1, 0]]

    Call arguments:
        ids: int [batch, tokens]; padding (0) is not replaced.
        training: whether to replace ids.

    Returns:
        Ids of the same shape and dtype.
    """

    def __init__(self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs: Any) -> None:
        """Sets the share of tokens to replace, 0 to 1, and the id that replaces them."""
        super().__init__(**kwargs)
        self.rate, self.unknown_id, self.seed = rate, unknown_id, seed
        self.supports_masking = True
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        if not training or not self.rate:
            return ids
        drop = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < self.rate
        unknown = ops.cast(self.unknown_id, ids.dtype)
        return ops.where(ops.logical_and(drop, ops.not_equal(ids, 0)), unknown, ids)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "rate": self.rate, "unknown_id": self.unknown_id, "seed": self.seed}


@keras.saving.register_keras_serializable(package="ner")
class SubwordEmbedding(layers.Layer):
    """Sum of the embeddings of hashed subwords, with dropout of whole subwords.

    Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information". Dropout keeps the tagger from relying on
    a single subword.

    Example:
        >>> tuple(SubwordEmbedding(buckets=31, width=8)(ops.ones((1, 2, 10), "int32")).shape)
        (1, 2, 8)

    Call arguments:
        ids: int [batch, tokens, columns]; 0 at padding.
        training: whether to drop subwords.

    Returns:
        Float [batch, tokens, width].
    """

    def __init__(
        self,
        buckets: int,
        width: int,
        rate: float = 0.0,
        seed: int | None = None,
        initializer: str = "uniform",
        **kwargs: Any,
    ) -> None:
        """Sets the number of hash buckets, the width, the share of subwords to drop, and the initial embeddings."""
        super().__init__(**kwargs)
        self.buckets, self.width, self.rate, self.seed = buckets, width, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.initializer = initializer
        self.table = layers.Embedding(
            buckets, width, embeddings_initializer=initializer, dtype=self.dtype_policy, name="table"
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates the table; it does not depend on the input shape."""
        self.table.build(input_shape)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        vectors = self.table(ids)  # [batch, tokens, columns, width]
        if training and self.rate:
            kept = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) >= self.rate
            vectors = vectors * ops.expand_dims(ops.cast(kept, vectors.dtype), -1) / (1 - self.rate)
        return ops.sum(vectors, axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Replaces the last dimension by the width."""
        return (*input_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        sizes = {"buckets": self.buckets, "width": self.width, "rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **sizes, "initializer": self.initializer}


@keras.saving.register_keras_serializable(package="ner")
class PretrainedVectors(layers.Layer):
    """Lookup of pretrained vectors with a projection to the width of the tagger.

    The projection is learned, so any dimension fits any width; it has no bias, so a token without a vector adds 0.
    Dropout of whole vectors keeps the tagger from relying on them alone. Frozen vectors stay comparable to those of
    unseen words.

    Example:
        >>> layer = PretrainedVectors(ids=3, rows=3, dim=2, width=4)
        >>> layer.build()
        >>> layer.assign(np.array([0, 1, 2]), np.array([[0, 0], [0, 0], [0.5, 1]]))
        >>> tuple(layer(np.array([[2, 1, 0]])).shape)
        (1, 3, 4)

    Call arguments:
        ids: int [batch, tokens]: 0 padding, 1 no vector.
        training: whether to drop vectors.

    Returns:
        Float [batch, tokens, width].
    """

    def __init__(
        self,
        *,
        ids: int,
        rows: int,
        dim: int,
        width: int,
        frozen: bool = True,
        rate: float = 0.0,
        seed: int | None = None,
        version: str = "",
        **kwargs: Any,
    ) -> None:
        """Sets the sizes.

        Args:
            ids: number of ids; several may share a row.
            rows: number of rows of the table; the first two are for padding and for words without vectors.
            dim: dimension of the vectors.
            width: width of the output.
            frozen: whether to exclude the vectors from training.
            rate: share of tokens whose vectors training drops.
            seed: seed of dropout.
            version: short hash of the vectors. A warm start keeps the projection of equal vectors only, because it is
                part of its name.
            **kwargs: arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self._sizes = arguments(locals())
        self.dropout = WordDropout(rate, seed=seed, name="dropout", dtype=self.dtype_policy)
        self.project = layers.Dense(
            width, use_bias=False, name=f"project_{version}" if version else "project", dtype=self.dtype_policy
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates the tables; `assign` fills them."""
        sizes = self._sizes
        # 64 bits: TensorFlow keeps variables of 32-bit integers on the CPU.
        self.row_of = self.add_weight(shape=(sizes["ids"],), dtype="int64", trainable=False, name="row_of")
        # Mixed precision casts only the selected rows, not the whole table.
        self.table = self.add_weight(
            shape=(sizes["rows"], sizes["dim"]),
            initializer="zeros",
            trainable=not sizes["frozen"],
            autocast=False,
            name="table",
        )
        self.project.build((None, None, sizes["dim"]))
        self.built = True

    def assign(self, row_of: np.ndarray, table: np.ndarray) -> None:
        """Fills the tables.

        Args:
            row_of: int [ids], row of each id.
            table: float [rows, dim], zero in the first two rows.
        """
        self.row_of.assign(row_of)
        self.table.assign(table)

    def call(self, ids: Any, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        rows = ops.take(self.row_of, self.dropout(ids, training=training), axis=0)  # [batch, tokens]
        return self.project(ops.cast(ops.take(self.table, rows, axis=0), self.compute_dtype))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Appends the width."""
        return (*input_shape, self._sizes["width"])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, without vectors."""
        return {**super().get_config(), **self._sizes}


@keras.saving.register_keras_serializable(package="ner")
class ContextBlock(layers.Layer):
    """Gated, dilated convolution over three tokens with dropout, a residual connection and layer normalization.

    Dauphin et al. 2017, "Language Modeling with Gated Convolutional Networks", with the dilations of Strubell et al.
    2017, "Fast and Accurate Entity Recognition with Iterated Dilated Convolutions". Implemented as one matrix
    product over shifted copies, because TensorFlow's CPU kernels for dilated convolutions transpose the whole batch.
    Padding remains zero, so it is equivalent to the end of the sentence.

    Example:
        >>> tuple(ContextBlock(width=8, dilation=2)(ops.zeros((1, 5, 8))).shape)
        (1, 5, 8)

    Call arguments:
        inputs: float [batch, tokens, width], zero at padding.
        mask: bool [batch, tokens], true at real tokens; None: all are real.
        training: whether to apply dropout.

    Returns:
        Float [batch, tokens, width], zero at padding.
    """

    def __init__(self, width: int, dilation: int = 1, rate: float = 0.0, **kwargs: Any) -> None:
        """Sets the width, the distance to both neighbours, and the dropout rate."""
        super().__init__(**kwargs)
        if dilation < 1:
            raise ValueError(f"dilation must be 1 or more, got {dilation}")
        self.width, self.dilation, self.rate = width, dilation, rate
        self.supports_masking = True
        policy = {"dtype": self.dtype_policy}
        self.dropout = layers.Dropout(rate, name="dropout", **policy)
        self.mix = layers.Dense(2 * width, name="mix", **policy)
        self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm", **policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights; loading needs them before the first call."""
        self.mix.build((*input_shape[:-1], 3 * self.width))
        self.norm.build(input_shape)
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        count, reach = ops.shape(inputs)[1], self.dilation
        padded = ops.pad(inputs, [[0, 0], [reach, reach], [0, 0]])
        window = ops.concatenate([padded[:, :count], inputs, padded[:, 2 * reach :]], axis=-1)  # [.., 3 * width]
        outputs = self.gated(inputs, self.dropout(window, training=training))
        return outputs if mask is None else outputs * ops.cast(ops.expand_dims(mask, -1), outputs.dtype)

    def gated(self, inputs: Any, window: Any) -> Any:
        """Returns the outputs for windows [..., tokens, 3 * width]: both neighbours, the token in between."""
        values, gates = ops.split(self.mix(window), 2, axis=-1)
        return self.norm(inputs + values * ops.sigmoid(gates))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "width": self.width, "dilation": self.dilation, "rate": self.rate}


def arguments(local: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the named arguments of a constructor, which calls it with `locals()` before it defines other variables.

    Example:
        >>> def constructor(self, width, rate=0.1, **kwargs):
        ...     return arguments(locals())
        >>> constructor(None, 8, dtype="float32")
        {'width': 8, 'rate': 0.1}
    """
    return {name: value for name, value in local.items() if name not in ("self", "kwargs", "__class__")}
