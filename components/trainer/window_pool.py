"""Some windows in memory, to cut batches out of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from components.trainer.batch import Batch
from components.transform.features import TAG_IDS


class WindowPool:
    """Windows one after another.

    Attributes:
        lengths: int [windows], tokens of each window.
    """

    def __init__(self, lengths: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        """Keeps the windows.

        Args:
            lengths: int [windows].
            columns: for each feature and for the tag ids the values of all tokens, [sum of the lengths, ...].
        """
        self.lengths = lengths
        self._columns = columns
        self._starts = np.cumsum(lengths, dtype=np.int64) - lengths  # [windows]

    def batch(self, windows: np.ndarray, width: int | None = None, rows: int | None = None) -> Batch:
        """Puts windows into padded rows.

        Args:
            windows: int [rows], positions of the windows in the pool.
            width: tokens a row; none takes the longest window's.
            rows: to fill up to with rows of nothing but padding; none adds no row.
        """
        lengths = self.lengths[windows]
        width = width or int(lengths.max(initial=0))
        if rows is not None:
            lengths = np.pad(lengths, (0, rows - len(lengths)))
            windows = np.pad(windows, (0, rows - len(windows)))
        steps = np.arange(width)
        real = steps < lengths[:, None]  # [rows, width]
        places = np.where(real, self._starts[windows][:, None] + steps, 0)
        padded = {name: _padded(values, places, real) for name, values in self._columns.items()}
        return Batch({name: values for name, values in padded.items() if name != TAG_IDS}, padded[TAG_IDS])


def _padded(values: np.ndarray, places: np.ndarray, real: np.ndarray) -> np.ndarray:
    taken = values[places]  # [rows, width, ...]
    taken[~real] = 0
    return taken
