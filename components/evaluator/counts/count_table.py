"""Counts that are added up: of all sentences, and of each bootstrap replicate."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

import numpy as np
from threadpoolctl import ThreadpoolController

Column = tuple[str, ...]
"""Name of a count, such as `("right", "PER")`."""


@dataclasses.dataclass
class CountTable:
    """What the sentences of a slice are merged by, in whatever order and grouping.

    Attributes:
        columns: names of the counts.
        values: float64 [1 + replicates, columns]. Row 0 is of the sentences as they are; in every other row each
            sentence counts as often as it was drawn for that replicate.
    """

    columns: tuple[Column, ...]
    values: np.ndarray

    @classmethod
    def of(cls, columns: tuple[Column, ...], counts: np.ndarray, weights: np.ndarray) -> CountTable:
        """Adds up the counts of single sentences.

        Args:
            columns: names of the counts.
            counts: float64 [sentences, columns].
            weights: float32 [sentences, replicates], how often each replicate drew each sentence.
        """
        # Numbers of one batch are small: float32 holds them exactly, and multiplies twice as fast. Threads make
        # products of this size slower: ten times where other workers want the cores, too.
        with _threads().limit(limits=1, user_api="blas"):
            drawn = weights.T @ counts.astype(np.float32)
        return cls(columns, np.concatenate([counts.sum(axis=0, keepdims=True), drawn]).astype(np.float64))

    @classmethod
    def merged(cls, tables: Iterable[CountTable]) -> CountTable | None:
        """The sum of tables, which stay as they are; None of none."""
        total = None
        for table in tables:
            if total is None:
                total = cls(table.columns, table.values.copy())
            else:
                total.add(table)
        return total

    def add(self, other: CountTable) -> None:
        """Adds another table; columns that this one lacks are appended.

        Raises:
            ValueError: the tables have different numbers of replicates.
        """
        if len(self.values) != len(other.values):
            raise ValueError(f"{len(self.values) - 1} and {len(other.values) - 1} bootstrap replicates do not add up")
        if self.columns == other.columns:
            self.values += other.values
            return
        place = {column: number for number, column in enumerate(self.columns)}
        new = tuple(column for column in other.columns if column not in place)
        place |= {column: len(self.columns) + number for number, column in enumerate(new)}
        values = np.zeros((len(self.values), len(place)))
        values[:, : len(self.columns)] = self.values
        values[:, [place[column] for column in other.columns]] += other.values
        self.columns, self.values = self.columns + new, values

    def column(self, *name: str) -> np.ndarray:
        """float64 [1 + replicates], zeros for a column that is not there."""
        if name not in self.columns:
            return np.zeros(len(self.values))
        return self.values[:, self.columns.index(name)]


@functools.cache
def _threads() -> ThreadpoolController:
    """Looks once through the libraries that are loaded; NumPy's is."""
    return ThreadpoolController()
