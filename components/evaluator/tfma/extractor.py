"""TFMA extractor that predicts, counts and slices a batch of Examples at once.

TFMA's default extractors split a batch into single examples and copy each into every slice. Here a batch becomes one
element per slice, which holds the counts of its sentences: later stages handle a few numbers per batch, and memory does
not grow with the examples.
"""

from __future__ import annotations

import json
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

from components.evaluator.counts.custom_metrics import load_metrics
from components.evaluator.counts.slice_counts import count_slices
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.eval_config import ExtractorSettings, parse_eval_config
from components.evaluator.insights.training_labels import floor_tags
from components.evaluator.results.evaluation import Slice
from components.evaluator.tfma.example_columns import ExampleColumns
from components.evaluator.tfma.predictor import Predictor
from components.evaluator.tfma.retokenized import retokenized_sentences

COUNTS_KEY = "slice_counts"
"""Key of the `SliceCounts` in an element."""

BASELINE = "baseline"
"""TFMA's name of the second model."""


def extractors(
    eval_shared_model: Any, eval_config: config_pb2.EvalConfig, tensor_adapter_config: Any = None
) -> list[extractor.Extractor]:
    """Returns the extractors; the TFX Evaluator calls this function (`custom_extractors`).

    Args:
        eval_shared_model: TFMA's model, or a list of two.
        eval_config: output of `components.evaluator.eval_config.eval_config`.
        tensor_adapter_config: not used.
    """
    del tensor_adapter_config
    models = eval_shared_model if isinstance(eval_shared_model, list) else [eval_shared_model]
    loaders = {model.model_name: model.model_loader for model in models}
    signatures = {spec.name: spec.signature_name for spec in eval_config.model_specs}
    settings = parse_eval_config(eval_config)
    # TFMA's evaluator runs after the stage of this name.
    return [
        extractor.Extractor(
            stage_name=slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME,
            ptransform=_CountSlices(_CountSlicesFn(loaders, signatures, settings)),
        )
    ]


class _CountSlices(beam.PTransform):
    def __init__(self, count: _CountSlicesFn) -> None:
        super().__init__()
        self._count = count

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        if has_several_workers(batches.pipeline.options):
            # A compressed file cannot be split: without this, one worker would process all of it.
            batches |= "DistributeToWorkers" >> beam.Reshuffle()
        return batches | "PredictAndCount" >> beam.ParDo(self._count)


def has_several_workers(options: Any) -> bool:
    """Returns True if the Beam pipeline has more than one worker."""
    runner = (options.view_as(StandardOptions).runner or "DirectRunner").rsplit(".", 1)[-1]
    return "Direct" not in runner or options.view_as(DirectOptions).direct_num_workers != 1


class _CountSlicesFn(model_util.DoFnWithModels):
    """Maps extracts with a record batch to one extracts per slice with its counts."""

    def __init__(self, loaders: Mapping[str, Any], signatures: Mapping[str, str], settings: ExtractorSettings) -> None:
        super().__init__(dict(loaders))
        self._signatures, self._settings = signatures, settings

    def setup(self) -> None:
        super().setup()  # loads the models, once per process
        self._vocabulary = TagVocabulary()
        self._predictors = {
            name: Predictor(
                model, self._signatures[name], "the champion" if name == BASELINE else "the model", self._vocabulary
            )
            for name, model in self._loaded_models.items()
        }
        self._candidate = next(name for name in self._predictors if name != BASELINE)
        self._slicer = Slicer(
            columns=self._settings.evaluator.columns,
            sentence_length=self._settings.evaluator.sentence_length,
            entity_length=self._settings.evaluator.entity_length,
            training_entities=_read_training_entities(self._settings.training_entities),
        )
        self._metrics = load_metrics(self._settings.evaluator.metrics)
        self._word_tags = _read_word_tags(self._settings.word_tags)

    def process(self, elem: dict[str, Any]) -> Iterator[dict[str, Any]]:
        columns = ExampleColumns.read(
            elem[constants.ARROW_RECORD_BATCH_KEY],
            constants.ARROW_INPUT_COLUMN,
            self._slicer.features,
            self._vocabulary,
        )
        floor = None
        if self._word_tags is not None:
            floor = self._vocabulary.encode(floor_tags(self._word_tags, columns.texts))
        batches = {name: self._tagged(name, columns, floor) for name in self._predictors}
        slices = count_slices(
            batches, columns.features, self._slicer, self._settings.evaluator.bootstrap, self._candidate, self._metrics
        )
        for cut, counts in slices:
            yield {constants.SLICE_KEY_TYPES_KEY: slice_keys(cut), COUNTS_KEY: counts}

    def _tagged(self, name: str, columns: ExampleColumns, floor: np.ndarray | None) -> TaggedBatch:
        predictor = self._predictors[name]
        predicted, scores, finer = predictor.predict(columns.examples, columns.lengths, columns.keys.__getitem__)
        retokenized = (
            retokenized_sentences(columns, predictor, finer, self._vocabulary) if name == self._candidate else None
        )
        return TaggedBatch(
            vocabulary=self._vocabulary,
            keys=columns.keys,
            texts=columns.texts,
            lengths=columns.lengths,
            gold=columns.gold,
            predicted=predicted,
            scores=scores,
            floor=floor,
            retokenized=retokenized,
        )


def slice_keys(cut: Slice) -> np.ndarray:
    """Returns TFMA's key of a slice in an array: object [1]."""
    keys = np.empty(1, object)
    keys[0] = ((cut.column, cut.value),) if cut.column else ()
    return keys


def _read_training_entities(path: str) -> TextHashes | None:
    if not path:
        return None
    with fileio.open(path, "rb") as file:
        return TextHashes.from_bytes(file.read(), path)


def _read_word_tags(path: str) -> dict[str, str] | None:
    if not path:
        return None
    with fileio.open(path, "r") as file:
        return dict(json.loads(file.read()))
