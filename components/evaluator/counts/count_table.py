"""Additive counts of all sentences and of each bootstrap replicate."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from threadpoolctl import ThreadpoolController

Column = tuple[str, ...]
"""Name of a count, such as `("correct", "PER")`."""


@dataclasses.dataclass
class CountTable:
    """Counts of a slice; tables add up in any order and grouping.

    Attributes:
        columns: names of the counts.
        values: float64 [1 + replicates, columns]. Row 0 counts each sentence once; the other rows count each sentence
            as often as its replicate drew it.

    Example:
        >>> table = CountTable((("correct", "PER"),), np.array([[3.0]]))
        >>> table.add(CountTable((("correct", "LOC"),), np.array([[4.0]])))
        >>> table.column("correct", "LOC")
        array([4.])
    """

    columns: tuple[Column, ...]
    values: np.ndarray

    @classmethod
    def of(cls, columns: tuple[Column, ...], counts: np.ndarray, weights: np.ndarray) -> CountTable:
        """Adds up the counts of sentences.

        Args:
            columns: names of the counts.
            counts: float64 [sentences, columns].
            weights: float32 [sentences, replicates], output of `draws`.
        """
        # float32 holds the small numbers of one batch exactly and multiplies twice as fast. Threads slow products of
        # this size down, by a factor of ten if other workers use the cores.
        with _threads().limit(limits=1, user_api="blas"):
            drawn = weights.T @ counts.astype(np.float32)
        return cls(columns, np.concatenate([counts.sum(axis=0, keepdims=True), drawn]).astype(np.float64))

    def add(self, other: CountTable) -> None:
        """Adds another table and appends its new columns.

        Raises:
            ValueError: the tables have different numbers of replicates.
        """
        if len(self.values) != len(other.values):
            raise ValueError(f"{len(self.values) - 1} and {len(other.values) - 1} bootstrap replicates cannot be added")
        if self.columns == other.columns:
            self.values += other.values
            return
        columns = tuple(dict.fromkeys(self.columns + other.columns))
        index = {column: number for number, column in enumerate(columns)}
        values = np.zeros((len(self.values), len(columns)))
        values[:, : len(self.columns)] = self.values
        values[:, [index[column] for column in other.columns]] += other.values
        self.columns, self.values = columns, values

    def column(self, *name: str) -> np.ndarray:
        """Returns a column: float64 [1 + replicates], zeros if it does not exist."""
        if name not in self.columns:
            return np.zeros(len(self.values))
        return self.values[:, self.columns.index(name)]


@functools.cache
def _threads() -> ThreadpoolController:
    """Scans the loaded libraries once, after NumPy loaded its own."""
    return ThreadpoolController()
