"""Word vectors that came from elsewhere."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from components.model.word_dropout import WordDropout


@keras.saving.register_keras_serializable(package="ner")
class PretrainedVectors(layers.Layer):
    """Looks up pretrained vectors and projects them to the tagger's width.

    The projection is learned, so vectors of any dimension fit any width; it has no bias, so a token without a vector
    adds nothing. Training leaves some vectors out, lest the tagger forget to read what else it has. Vectors that stay
    as they are keep their places relative to those of words that training never sees.

    Call arguments:
        ids: int [batch, tokens]: 0 padding, 1 no vector.
        training: whether vectors are left out.

    Returns:
        Float [batch, tokens, width].
    """

    def __init__(
        self,
        ids: int,
        rows: int,
        dim: int,
        width: int,
        frozen: bool = True,
        rate: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets the sizes.

        Args:
            ids: how many there are; several may share a row.
            rows: of the table of vectors; the first two are padding's and no vector's.
            dim: numbers a vector.
            width: of the result.
            frozen: whether training leaves the vectors as they are.
            rate: share of tokens whose vectors training leaves out.
            seed: of which ones.
            **kwargs: those of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self._sizes: dict[str, Any] = {
            "ids": ids,
            "rows": rows,
            "dim": dim,
            "width": width,
            "frozen": frozen,
            "rate": rate,
            "seed": seed,
        }
        self.dropout = WordDropout(rate, seed=seed, name="dropout", dtype=self.dtype_policy)
        self.project = layers.Dense(width, use_bias=False, name="project", dtype=self.dtype_policy)

    def build(self, input_shape: Any = None) -> None:
        """Creates the tables, empty until `assign`."""
        sizes = self._sizes
        # 64 bits: TensorFlow keeps variables of 32-bit integers on the CPU.
        self.row_of = self.add_weight(shape=(sizes["ids"],), dtype="int64", trainable=False, name="row_of")
        # Not cast as a whole under mixed precision, only what is looked up.
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
        """See the class."""
        rows = ops.take(self.row_of, self.dropout(ids, training=training), axis=0)  # [batch, tokens]
        return self.project(ops.cast(ops.take(self.table, rows, axis=0), self.compute_dtype))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """A vector for each id."""
        return (*input_shape, self._sizes["width"])

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs: sizes, no vector."""
        return {**super().get_config(), **self._sizes}
