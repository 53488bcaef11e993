"""Choice of the features that a tagger's linear expert keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import keras
import numpy as np
from absl import logging

from components.model.cnn_linear_tagger import CnnLinearTagger, columns
from components.trainer.data.batches import Batches
from components.trainer.data.window_table import WindowTable

_MAX_FEATURES = 8_000_000  # counted at once, 100 MB
_WINDOWS = 512
_HASHES_TOGETHER = 1 << 22  # each addition to the counts is a pass over all of them
# Occurrences that a feature needs: Adam memorizes the tags of one that occurs once, L-BFGS has a penalty against that.
_LEAST_ADAM, _LEAST_LBFGS = 2, 1
_EARLIER = 1 << 40  # an earlier feature that occurs comes before every other one


@dataclasses.dataclass(frozen=True)
class LinearWeights:
    """Weights of a linear expert by feature.

    Attributes:
        hashes: uint32 [features], distinct.
        weights: float32 [features, tags].
    """

    hashes: np.ndarray
    weights: np.ndarray


def choose_linear_features(
    model: keras.Model, table: WindowTable, earlier: LinearWeights | None = None, *, windows: int = _WINDOWS
) -> None:
    """Assigns the rows of the linear expert to the most frequent features of the training split.

    Args:
        model: a built tagger; one without a linear expert does not change.
        table: windows of the training split.
        earlier: features of an earlier model and their weights. They keep their rows, except for those that do not
            occur in the training split and share the row with a feature that does.
        windows: number of windows to hash at once; the result does not depend on it.
    """
    if not isinstance(model, CnnLinearTagger):
        return
    counter = FeatureCounter()
    waiting: list[np.ndarray] = []
    for hashes in _hashes(model, table, windows):
        waiting.append(hashes.reshape(-1))
        if sum(map(len, waiting)) >= _HASHES_TOGETHER:
            counter.add(np.concatenate(waiting))
            waiting.clear()
    counter.add(np.concatenate([np.empty(0, np.uint32), *waiting]))
    least = _LEAST_ADAM if model.linear.trainable else _LEAST_LBFGS
    hashes, counts = counter.at_least(least)
    frequent = len(hashes)
    if earlier:
        known = counter.counts_of(earlier.hashes)
        both = np.concatenate([earlier.hashes, hashes])
        hashes, first = np.unique(both, return_index=True)
        counts = np.concatenate([np.where(known, known + _EARLIER, 0), counts])[first]
    model.linear.choose_owners(hashes, counts)
    if earlier:
        templates = _templates(model, table, windows, earlier.hashes)
        model.linear.assign_weights(earlier.hashes, earlier.weights, templates)
    kept = np.count_nonzero(keras.ops.convert_to_numpy(model.linear.owners))
    logging.info("linear features: %d with %d or more occurrences, %d are kept", frequent, least, kept)


def _hashes(model: CnnLinearTagger, table: WindowTable, windows: int) -> Iterator[np.ndarray]:
    """Yields the features of the tokens of some windows: uint32 [tokens, features]."""
    for batch in Batches(table, windows).epoch(0):
        hashes = keras.ops.convert_to_numpy(model.linear.hashes(columns(batch.features)))  # [windows, tokens, features]
        yield hashes[batch.tags != 0]


def _templates(model: CnnLinearTagger, table: WindowTable, windows: int, selected: np.ndarray) -> np.ndarray:
    """Returns the template of each selected feature, int64 [features]; -1 if the split does not have the feature."""
    order = np.argsort(selected)
    templates = np.full(len(selected), -1)
    for hashes in _hashes(model, table, windows):
        place = np.minimum(np.searchsorted(selected, hashes, sorter=order), len(selected) - 1)
        token, template = np.nonzero(selected[order[place]] == hashes)
        templates[order[place[token, template]]] = template
    return templates


class FeatureCounter:
    """Counter of hashes in bounded memory.

    Beyond the limit it drops the rarest hashes, which start at zero when they occur again, as in lossy counting (Manku
    and Motwani 2002, "Approximate Frequency Counts over Data Streams"). It never overestimates a count, and the counts
    of hashes that are always among the most frequent are exact.

    Example:
        >>> counter = FeatureCounter()
        >>> counter.add(np.array([7, 9, 7], np.uint32))
        >>> [values.tolist() for values in counter.at_least(2)]
        [[7], [2]]
    """

    def __init__(self, limit: int = _MAX_FEATURES) -> None:
        """Starts empty.

        Args:
            limit: number of hashes to keep.
        """
        self._limit = limit
        self._hashes = np.empty(0, np.uint32)
        self._counts = np.empty(0, np.int64)

    def __len__(self) -> int:
        """Returns the number of hashes in memory."""
        return len(self._hashes)

    def add(self, hashes: np.ndarray) -> None:
        """Counts each occurrence.

        Args:
            hashes: uint32 of any shape.
        """
        new, counts = np.unique(hashes, return_counts=True)
        place = np.asarray(np.searchsorted(self._hashes, new))
        known = self.counts_of(new) > 0
        self._counts[place[known]] += counts[known]
        self._hashes = np.insert(self._hashes, place[~known], new[~known])
        self._counts = np.insert(self._counts, place[~known], counts[~known])
        if len(self) > self._limit:
            kept = _largest(self._counts, self._limit)
            self._hashes, self._counts = self._hashes[kept], self._counts[kept]

    def counts_of(self, hashes: np.ndarray) -> np.ndarray:
        """Returns the count of each hash, int64; 0 for one that is not in memory."""
        if not len(self._hashes):
            return np.zeros(len(hashes), np.int64)
        place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return np.where(self._hashes[place] == hashes, self._counts[place], 0)

    def at_least(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the hashes with at least this count, uint32 [features], ascending, and their counts, int64."""
        frequent = self._counts >= count
        return self._hashes[frequent], self._counts[frequent]


def _largest(counts: np.ndarray, number: int) -> np.ndarray:
    """Returns a mask of the largest counts, bool like `counts`; of equal ones the first.

    Example:
        >>> _largest(np.array([1, 3, 1, 2]), 3).tolist()
        [True, True, False, True]
    """
    least = np.partition(counts, -number)[-number]
    kept, equal = counts > least, np.flatnonzero(counts == least)
    kept[equal[: number - np.count_nonzero(kept)]] = True
    return kept
