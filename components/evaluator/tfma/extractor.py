"""The extractor that TFMA runs instead of its own: predicts, counts and slices a batch of Examples at once.

TFMA's default extractors take a batch apart into single examples, copy each into every slice and hand them one by one
to the metric. Here a batch becomes one element a slice, which holds the counts of its sentences: everything after this
extractor handles a few numbers a batch, and memory does not grow with the examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import DirectOptions, StandardOptions
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import extractor, slice_key_extractor
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import model_util
from tfx.dsl.io import fileio

from components.evaluator.counts.slice_counts import count_slices
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.counts.training_entities import TrainingEntities
from components.evaluator.eval_config import settings_of
from components.evaluator.results.evaluation import Slice
from components.evaluator.settings import EvaluationSettings
from components.evaluator.tfma.example_columns import ExampleColumns
from components.evaluator.tfma.predictor import Predictor

COUNTS_KEY = "slice_counts"
"""Where an element holds its `SliceCounts`."""

BASELINE = "baseline"
"""The name that TFMA gives the second model."""


def extractors(
    eval_shared_model: Any, eval_config: config_pb2.EvalConfig, tensor_adapter_config: Any = None
) -> list[extractor.Extractor]:
    """What the TFX Evaluator calls for its extractors (`custom_extractors`).

    Args:
        eval_shared_model: TFMA's model, or a list of two.
        eval_config: built by `components.evaluator.eval_config`.
        tensor_adapter_config: of no use here.
    """
    del tensor_adapter_config
    models = eval_shared_model if isinstance(eval_shared_model, list) else [eval_shared_model]
    loaders = {model.model_name: model.model_loader for model in models}
    signatures = {spec.name: spec.signature_name for spec in eval_config.model_specs}
    # TFMA's evaluator runs after the stage of this name.
    return [
        extractor.Extractor(
            stage_name=slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME,
            ptransform=_CountSlices(loaders, signatures, settings_of(eval_config)),
        )
    ]


class _CountSlices(beam.PTransform):
    def __init__(self, loaders: Mapping[str, Any], signatures: Mapping[str, str], settings: EvaluationSettings) -> None:
        super().__init__()
        self._count = _CountSlicesFn(loaders, signatures, settings)

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        if _has_several_workers(batches.pipeline.options):
            # One compressed file is one piece of work: without this, one worker would do it all.
            batches |= "ShareAmongWorkers" >> beam.Reshuffle()
        return batches | "PredictAndCount" >> beam.ParDo(self._count)


def _has_several_workers(options: Any) -> bool:
    runner = (options.view_as(StandardOptions).runner or "DirectRunner").rsplit(".", 1)[-1]
    return "Direct" not in runner or options.view_as(DirectOptions).direct_num_workers != 1


class _CountSlicesFn(model_util.DoFnWithModels):
    """Extracts with a record batch in; for each slice an extracts with its counts out."""

    def __init__(self, loaders: Mapping[str, Any], signatures: Mapping[str, str], settings: EvaluationSettings) -> None:
        super().__init__(dict(loaders))
        self._signatures = signatures
        self._settings = settings

    def setup(self) -> None:
        super().setup()  # loads the models, once a process
        self._vocabulary = TagVocabulary()
        self._predictors = {
            name: Predictor(
                model, self._signatures[name], "the champion" if name == BASELINE else "the model", self._vocabulary
            )
            for name, model in self._loaded_models.items()
        }
        self._candidate = next(name for name in self._predictors if name != BASELINE)
        self._slicer = Slicer(
            self._settings.slices,
            self._settings.sentence_length,
            self._settings.entity_length,
            _training_entities(self._settings.training_entities),
        )

    def process(self, elem: dict[str, Any]) -> Iterator[dict[str, Any]]:
        columns = ExampleColumns.read(
            elem[constants.ARROW_RECORD_BATCH_KEY],
            constants.ARROW_INPUT_COLUMN,
            self._slicer.features,
            self._vocabulary,
        )
        batches = {name: self._tagged(columns, predictor) for name, predictor in self._predictors.items()}
        found = count_slices(batches, columns.features, self._slicer, self._settings.bootstrap, self._candidate)
        for cut, counts in found:
            yield {constants.SLICE_KEY_TYPES_KEY: _slice_keys(cut), COUNTS_KEY: counts}

    def _tagged(self, columns: ExampleColumns, predictor: Predictor) -> TaggedBatch:
        predicted, scores = predictor.predict(columns.examples, columns.lengths, columns.keys.__getitem__)
        return TaggedBatch(
            self._vocabulary, columns.keys, columns.texts, columns.lengths, columns.gold, predicted, scores
        )


def _slice_keys(cut: Slice) -> np.ndarray:
    """An array of one slice key of TFMA: object [1]."""
    keys = np.empty(1, object)
    keys[0] = ((cut.column, cut.value),) if cut.column else ()
    return keys


def _training_entities(path: str) -> TrainingEntities | None:
    if not path:
        return None
    with fileio.open(path, "rb") as file:
        return TrainingEntities.from_bytes(file.read(), path)
