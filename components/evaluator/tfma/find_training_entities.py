"""Reads the entities of the training examples by Beam."""

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
    """Record batches of labelled Examples in, one `TrainingEntities` out."""

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Finds, and unites what workers found."""
        return batches | "FindEntities" >> beam.ParDo(_FindFn()) | "UniteEntities" >> beam.CombineGlobally(_Unite())


class _FindFn(beam.DoFn):
    def setup(self) -> None:
        self._vocabulary = TagVocabulary()

    def process(self, batch: Any) -> Iterator[np.ndarray]:
        columns = ExampleColumns.read(batch, constants.ARROW_INPUT_COLUMN, (), self._vocabulary)
        tagged = TaggedBatch(self._vocabulary, columns.keys, columns.texts, columns.lengths, columns.gold, columns.gold)
        yield np.unique(entity_hashes(entity_texts(tagged, tagged.gold_entities)))


class _Unite(beam.CombineFn):
    def create_accumulator(self) -> np.ndarray:
        return np.zeros(0, np.uint64)

    def add_input(self, total: np.ndarray, hashes: np.ndarray) -> np.ndarray:
        return np.union1d(total, hashes)

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return np.unique(np.concatenate([np.zeros(0, np.uint64), *accumulators]))

    def extract_output(self, total: np.ndarray) -> TrainingEntities:
        return TrainingEntities(total)
