"""Which features a tagger's linear part knows."""

from __future__ import annotations

import keras
import numpy as np
from absl import logging

from components.model.cnn_linear_tagger import CnnLinearTagger, columns
from components.trainer.data.batches import Batches
from components.trainer.data.window_table import WindowTable

# Features counted at once, 100 MB.
_MOST = 8_000_000


class FeatureCounter:
    """Counts hashes in bounded memory.

    Beyond a limit the rarest are forgotten, and begin anew when they come again: in the manner of lossy counting (Manku
    and Motwani 2002, "Approximate Frequency Counts over Data Streams"). No feature is ever said to be more frequent
    than it is, and those that are among the most frequent all along are counted right.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Begins with nothing; `most` features are kept when there are more."""
        self._most = most
        self._hashes = np.empty(0, np.uint32)
        self._counts = np.empty(0, np.int64)

    def add(self, hashes: np.ndarray) -> None:
        """Counts one more of each.

        Args:
            hashes: uint32 of any shape.
        """
        new, counts = np.unique(hashes, return_counts=True)
        every = np.concatenate([self._hashes, new])
        self._hashes, position = np.unique(every, return_inverse=True)
        weights = np.concatenate([self._counts, counts])
        self._counts = np.bincount(position.reshape(-1), weights, len(self._hashes)).astype(np.int64)
        if len(self._hashes) > self._most:
            kept = np.sort(np.argsort(-self._counts, kind="stable")[: self._most])
            self._hashes, self._counts = self._hashes[kept], self._counts[kept]

    def at_least(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the features that stand so often: uint32 [features], ascending, and how often, int64 [features]."""
        frequent = self._counts >= count
        return self._hashes[frequent], self._counts[frequent]


_WINDOWS = 512
# Batches whose features are counted together: to sort is the work, and to sort much at once is less of it.
_TOGETHER = 8
# What stands once in the training split can only be learned by heart.
_LEAST = 2


def choose_linear_features(model: keras.Model, table: WindowTable) -> None:
    """Lets the linear expert of a cnn_linear tagger keep the features that are frequent in the training split.

    Args:
        model: a built tagger; one without a linear expert stays as it is.
        table: windows of the training split.
    """
    if not isinstance(model, CnnLinearTagger):
        return
    counter, waiting = FeatureCounter(), []
    for batch in Batches(table, _WINDOWS).epoch(0):
        hashes = keras.ops.convert_to_numpy(model.linear.hashes(columns(batch.features)))  # [windows, tokens, features]
        waiting.append(hashes[batch.tags != 0].reshape(-1))
        if len(waiting) == _TOGETHER:
            counter.add(np.concatenate(waiting))
            waiting.clear()
    counter.add(np.concatenate([np.empty(0, np.uint32), *waiting]))
    hashes, counts = counter.at_least(_LEAST)
    model.linear.choose_owners(hashes, counts)
    kept = np.count_nonzero(keras.ops.convert_to_numpy(model.linear.owners))
    logging.info("linear features: %d stand %d times or more, %d are kept", len(hashes), _LEAST, kept)
