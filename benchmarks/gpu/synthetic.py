"""Batches with the cost of real ones: random ids, and the sentence lengths of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from components.transform.features import CASE_IDS, CASES, SUBWORD_BUCKETS, SUBWORD_COLUMNS, SUBWORD_IDS, WORD_IDS

# Sentence lengths in the training split of UNER English-EWT (12,543 sentences, mean 16.3): (share, length) means that
# this share of the sentences has at most that many tokens.
_LENGTHS = (
    *((0.0, 1), (0.05, 2), (0.1, 3), (0.2, 6), (0.3, 9), (0.4, 11), (0.5, 14), (0.6, 17), (0.7, 20), (0.8, 25)),
    *((0.9, 32), (0.95, 39), (0.98, 49), (0.99, 57), (0.999, 89), (1.0, 159)),
)
# Few widths, so that few programs are compiled.
WIDTHS = (8, 16, 24, 32, 48, 64, 96, 128, 160)
WORDS = 9_000
TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")
_OUTSIDE = 0.94  # share of tokens


class SyntheticBatch(NamedTuple):
    """A batch of the cnn_linear tagger.

    Attributes:
        features: int32 [rows, width] or [rows, width, columns] each, 0 at padding.
        tags: int32 [rows, width], 0 at padding.
        tokens: number of tokens without padding.
    """

    features: dict[str, np.ndarray]
    tags: np.ndarray
    tokens: int


def synthetic_batches(count: int, size: int, seed: int = 0) -> Iterator[SyntheticBatch]:
    """Yields batches of sentences of similar length, as training sorts them, in random order.

    Args:
        count: number of batches.
        size: sentences in a batch.
        seed: seed of lengths, order and ids.
    """
    random = np.random.default_rng(seed)
    lengths = np.sort(sample_lengths(count * size, random))
    for number in random.permutation(count):
        yield _batch(lengths[number * size : (number + 1) * size], random)


def sample_lengths(count: int, random: np.random.Generator) -> np.ndarray:
    """Returns random sentence lengths, int [count], from the corpus's distribution, linear between the known points."""
    shares, lengths = zip(*_LENGTHS, strict=True)
    return np.maximum(np.rint(np.interp(random.uniform(size=count), shares, lengths)), 1).astype(np.int32)


def _batch(lengths: np.ndarray, random: np.random.Generator) -> SyntheticBatch:
    width = next(width for width in WIDTHS if width >= lengths.max())
    real = np.arange(width) < lengths[:, None]  # [rows, width]

    def ids(highest: int, *columns: int) -> np.ndarray:
        drawn = random.integers(1, highest, (*real.shape, *columns), dtype=np.int32)
        return drawn * real.reshape(*real.shape, *(1 for _ in columns))

    entity = random.integers(2, len(TAGS), real.shape, dtype=np.int32) & ~1  # B-X only, which is valid after every tag
    tags = np.where(random.uniform(size=real.shape) < _OUTSIDE, 1, entity).astype(np.int32) * real
    features = {
        WORD_IDS: ids(WORDS),
        CASE_IDS: ids(CASES),
        SUBWORD_IDS: ids(SUBWORD_BUCKETS, SUBWORD_COLUMNS),
    }
    return SyntheticBatch(features, tags, int(lengths.sum()))
