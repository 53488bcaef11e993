"""Beam transform that collects the entities of the training data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants

from components.evaluator.counts.slicing import entity_texts
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.counts.training_entities import TrainingEntities, entity_hashes
from components.evaluator.tfma.example_columns import ExampleColumns


class FindTrainingEntities(beam.PTransform):
    """Maps record batches of labelled Examples to one `TrainingEntities`."""

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Collects hashes per batch and merges them."""
        return batches | "FindEntities" >> beam.ParDo(_FindFn()) | "MergeEntities" >> beam.CombineGlobally(_Merge())


class _FindFn(beam.DoFn):
    def setup(self) -> None:
        self._vocabulary = TagVocabulary()

    def process(self, batch: Any) -> Iterator[np.ndarray]:
        columns = ExampleColumns.read(batch, constants.ARROW_INPUT_COLUMN, (), self._vocabulary)
        tagged = TaggedBatch(
            vocabulary=self._vocabulary,
            keys=columns.keys,
            texts=columns.texts,
            lengths=columns.lengths,
            gold=columns.gold,
            predicted=columns.gold,
        )
        yield np.unique(entity_hashes(entity_texts(tagged, tagged.gold_entities)))


class _Merge(beam.CombineFn):
    def create_accumulator(self) -> np.ndarray:
        return np.zeros(0, np.uint64)

    def add_input(self, total: np.ndarray, hashes: np.ndarray) -> np.ndarray:
        return np.union1d(total, hashes)

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return np.unique(np.concatenate([np.zeros(0, np.uint64), *accumulators]))

    def extract_output(self, total: np.ndarray) -> TrainingEntities:
        return TrainingEntities(total)
