"""Vocabularies of TensorFlow Transform from counts in bounded memory."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from unittest import mock

import apache_beam as beam
from tensorflow_transform.analyzers import _VocabOrderingType
from tensorflow_transform.beam.analyzer_impls import _VocabularyAccumulateImpl

from components.common.iterables import forget_rare

_MOST = 1_000_000  # different tokens counted at a time, some 100 MB


@contextlib.contextmanager
def bounded_vocabularies() -> Iterator[None]:
    """Counts the tokens of vocabularies with `CountTokens`; TensorFlow Transform has no other place for it.

    It groups all different tokens of the corpus, for which Beam's direct runner takes 300 bytes each.
    """
    original = _VocabularyAccumulateImpl.expand

    def expand(accumulate: Any, inputs: Sequence[beam.PCollection]) -> beam.PCollection:
        if accumulate._vocab_ordering_type != _VocabOrderingType.FREQUENCY:
            return original(accumulate, inputs)
        [batches] = inputs
        return batches | "CountTokens" >> CountTokens()

    with mock.patch.object(_VocabularyAccumulateImpl, "expand", expand):
        yield


class CountTokens(beam.PTransform):
    """Maps one-tuples of arrays of tokens to (token, count) pairs.

    Of more than a million different tokens rare ones are forgotten, and others may lose some of their counts.

    Example: tests/components/transform/test_bounded_vocabularies.py.
    """

    class Counts(beam.CombineFn):
        """Counts of the tokens of batches."""

        def __init__(self, most: int = _MOST) -> None:
            """Sets how many different tokens it counts at a time."""
            super().__init__()
            self._most = most

        def create_accumulator(self) -> Counter[Any]:
            """Returns no counts."""
            return Counter()

        def add_input(self, counts: Counter[Any], batch: tuple[Any, ...]) -> Counter[Any]:
            """Counts the tokens of a batch."""
            counts.update(batch[0].tolist())
            forget_rare(counts, self._most)
            return counts

        def merge_accumulators(self, parts: Iterable[Counter[Any]]) -> Counter[Any]:
            """Adds the counts of workers."""
            total = Counter[Any]()
            for part in parts:
                total.update(part)
                forget_rare(total, self._most)
            return total

        def extract_output(self, counts: Counter[Any]) -> Counter[Any]:
            """Returns the counts."""
            return counts

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Builds the transform."""
        counts = batches | "Count" >> beam.CombineGlobally(self.Counts()).without_defaults()
        return counts | "Tokens" >> beam.FlatMap(_items)


def _items(counts: Counter[Any]) -> Iterable[tuple[Any, int]]:
    return counts.items()
