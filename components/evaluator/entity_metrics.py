"""The TFMA metric: entity precision, recall and F1 over all types and per type, and token accuracy.

No library served: TFMA has no metric for spans; seqeval cannot merge the counts of shards and slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator.align import to_gold_tokens
from components.evaluator.errors import EvaluationError
from components.text.entity_scores import EntityCounts

NAME = "entity_f1"
"""Name of the metric and of the key that thresholds apply to: micro-averaged F1."""


class EntityMetrics(metric_types.Metric):
    """Scores the exported model's tags on the corpus's tokens, with the counts of whole slices.

    Keys of the result, each a float: `entity_precision`, `entity_recall`, `entity_f1` (micro), `entity_support`,
    `entity_macro_f1`, `token_accuracy`, and for each type that occurs in the slice, in gold or prediction,
    `entity_precision/TYPE`, `entity_recall/TYPE`, `entity_f1/TYPE`, `entity_support/TYPE`. The types come from the
    data, so these keys are not declared beforehand; TFMA takes them, compares them with the baseline's and saves them
    like the declared ones, and only cannot put thresholds on them.

    The label is the Example's `tags` (string, one a token); the prediction is the whole output of the signature
    `serving_examples`, of which `tags`, `starts`, `ends` and `key` are read.
    """

    def __init__(self, name: str = NAME, **kwargs: Any) -> None:
        """Makes the metric.

        Args:
            name: name of the metric, and of the key of its micro F1; TFMA finds thresholds by their being equal.
            **kwargs: further arguments of `metric_types.Metric`.
        """
        # The wrapper calls _computations once a model, which a raw function is not when there is a baseline.
        super().__init__(metric_util.merge_per_key_computations(_computations), name=name, **kwargs)


metric_types.register_metric(EntityMetrics)


def _computations(name: str, model_name: str = "", output_name: str = "") -> list[metric_types.MetricComputation]:
    combiner = _Combiner(name, model_name, output_name)
    keys = list(combiner.extract_output(combiner.create_accumulator()))
    return [metric_types.MetricComputation(keys=keys, preprocessors=None, combiner=combiner)]


class _Counts:
    """What a slice is merged by: entity counts, and tokens that are tagged right, of all."""

    def __init__(self) -> None:
        self.entities = EntityCounts()
        self.right_tokens = 0
        self.tokens = 0

    def merge(self, other: _Counts) -> None:
        self.entities.merge(other.entities)
        self.right_tokens += other.right_tokens
        self.tokens += other.tokens


class _Combiner(beam.CombineFn):
    """Counts the sentences of a slice for one model."""

    def __init__(self, f1_name: str, model_name: str, output_name: str) -> None:
        self._f1_name = f1_name
        self._model_name = model_name
        self._output_name = output_name

    def create_accumulator(self) -> _Counts:
        return _Counts()

    def add_input(self, counts: _Counts, element: metric_types.StandardMetricInputs) -> _Counts:
        gold = _strings(self._of_model(element.label))
        predicted = _predicted_tags(self._of_model(element.prediction), len(gold))
        counts.entities.add(gold, predicted)
        counts.right_tokens += sum(map(str.__eq__, gold, predicted))
        counts.tokens += len(gold)
        return counts

    def merge_accumulators(self, accumulators: Iterable[_Counts]) -> _Counts:
        merged = _Counts()
        for counts in accumulators:
            merged.merge(counts)
        return merged

    def extract_output(self, counts: _Counts) -> dict[metric_types.MetricKey, float]:
        micro = counts.entities.micro()
        values = {
            self._f1_name: micro.f1,
            "entity_precision": micro.precision,
            "entity_recall": micro.recall,
            "entity_support": micro.support,
            "entity_macro_f1": counts.entities.macro().f1,
            "token_accuracy": counts.right_tokens / counts.tokens if counts.tokens else 0.0,
        }
        for entity_type, scores in counts.entities.per_type().items():
            values |= {f"entity_{measure}/{entity_type}": value for measure, value in scores._asdict().items()}
        return {self._key(name): float(value) for name, value in values.items()}

    def _key(self, name: str) -> metric_types.MetricKey:
        return metric_types.MetricKey(name=name, model_name=self._model_name, output_name=self._output_name)

    def _of_model(self, value: Any) -> Any:
        # With a baseline, TFMA nests predictions (and labels, where the models' label keys differ) by model name.
        return value[self._model_name] if isinstance(value, Mapping) and self._model_name in value else value


def _predicted_tags(prediction: Mapping[str, np.ndarray], n_gold: int) -> list[str]:
    # tags, starts, ends: [tokens], or [1, tokens], padded
    tags = [_text(tag) for tag in np.asarray(prediction["tags"]).reshape(-1).tolist()]
    starts = np.asarray(prediction["starts"]).reshape(-1).tolist()
    ends = np.asarray(prediction["ends"]).reshape(-1).tolist()
    try:
        return to_gold_tokens(tags, starts, ends, n_gold)
    except EvaluationError as error:
        key = " ".join(map(_text, np.asarray(prediction.get("key", "unknown")).reshape(-1).tolist()))
        raise EvaluationError(
            f"sentence with key {key!r}: {error}; its `sentence` must be its tokens joined by one space, and the model "
            "must keep every token. Nothing was scored."
        ) from error


def _strings(label: Any) -> list[str]:
    """Gold tags of one sentence; TFMA pads them with empty strings, and gives None for a sentence without any."""
    if label is None:
        return []
    tags = [_text(tag) for tag in np.asarray(label).reshape(-1).tolist()]
    while tags and not tags[-1]:
        tags.pop()
    return tags


def _text(value: bytes | str) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
