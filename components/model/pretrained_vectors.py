"""Pretrained word vectors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from components.model.arguments import arguments
from components.model.word_dropout import WordDropout


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
