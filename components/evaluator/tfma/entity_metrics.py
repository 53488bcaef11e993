"""The TFMA metric: adds up the counts of batches and makes scores of them.

No library served: TFMA has no metric for spans; seqeval cannot merge the counts of shards and slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from pydantic import TypeAdapter
from tensorflow_model_analysis.metrics import metric_types

from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.slice_counts import SliceCounts
from components.evaluator.results.errors_in_context import shown_mistakes
from components.evaluator.results.evaluation import Estimate, Mistake, Scores
from components.evaluator.results.scoring import changes, scores
from components.evaluator.tfma.extractor import BASELINE, COUNTS_KEY

SCORES_KEY = "scores"
CHANGES_KEY = "changes"
MISTAKES_KEY = "mistakes"
"""Names of the keys whose values are JSON."""

SCORES_JSON: TypeAdapter[Scores] = TypeAdapter(Scores)
CHANGES_JSON: TypeAdapter[dict[str, Estimate]] = TypeAdapter(dict[str, Estimate])
MISTAKES_JSON: TypeAdapter[tuple[Mistake, ...]] = TypeAdapter(tuple[Mistake, ...])


class EntityMetrics(metric_types.Metric):
    """Scores the exported model's tags on the corpus's tokens, with the counts of whole slices.

    Keys of the result for each model, floats: every name of `Scores.metrics()`, `entity_support`, `entity_support/TYPE`
    and `example_count`. TFMA saves them, compares them with the baseline's and shows them in its own views. `scores`
    holds everything with intervals as JSON (`Scores`); for the candidate there are `mistakes` (of all examples) and,
    as a difference, `changes` (estimates of the paired differences by name).

    The metric takes what `components.evaluator.tfma.extractor` counted, not TFMA's labels and predictions.
    """

    def __init__(self, name: str = "entity_metrics", settings: str = "", **kwargs: Any) -> None:
        """Makes the metric.

        Args:
            name: name of the metric.
            settings: JSON of `EvaluationSettings`, which the extractor reads out of TFMA's configuration.
            **kwargs: further arguments of `metric_types.Metric`.
        """
        super().__init__(_computations, name=name, settings=settings, **kwargs)


metric_types.register_metric(EntityMetrics)


def _computations(
    name: str, settings: str = "", model_names: Sequence[str] | None = None, **_: Any
) -> list[metric_types.MetricComputation]:
    del name, settings
    combiner = _Combiner(tuple(model_names or ("",)))
    return [metric_types.MetricComputation(keys=[], preprocessors=[_TakeCounts()], combiner=combiner)]


class _TakeCounts(metric_types.Preprocessor):
    """Hands the combiner the counts and nothing else."""

    def process(self, extracts: dict[str, Any]) -> Iterator[SliceCounts]:
        yield extracts[COUNTS_KEY]


class _Combiner(beam.CombineFn):
    """Adds up the counts of a slice, for both models at once, so that their difference can be told."""

    def __init__(self, models: tuple[str, ...]) -> None:
        self._models = models

    def create_accumulator(self) -> SliceCounts:
        return SliceCounts()

    def add_input(self, total: SliceCounts, counts: SliceCounts) -> SliceCounts:
        total.add(counts)
        return total

    def merge_accumulators(self, accumulators: Iterable[SliceCounts]) -> SliceCounts:
        merged = SliceCounts()
        for counts in accumulators:
            merged.add(counts)
        return merged

    def extract_output(self, total: SliceCounts) -> dict[metric_types.MetricKey, Any]:
        result: dict[metric_types.MetricKey, Any] = {}
        rows = max((len(table.values) for table in total.tables.values()), default=1)
        nothing = CountTable((), np.zeros((rows, 0)))  # of a model that has no entity in a slice of entities
        tables = {model: total.tables.get(model, nothing) for model in self._models}
        for model, table in tables.items():
            of_model = scores(table, total.confusions.get(model))
            result |= {_key(name, model): value for name, value in _numbers(of_model).items()}
            result[_key(SCORES_KEY, model)] = SCORES_JSON.dump_json(of_model)
        candidate = next(model for model in self._models if model != BASELINE)
        if BASELINE in tables:
            differences = CHANGES_JSON.dump_json(changes(tables[candidate], tables[BASELINE]))
            result[metric_types.MetricKey(CHANGES_KEY, model_name=candidate, is_diff=True)] = differences
        if total.confusions:
            result[_key(MISTAKES_KEY, candidate)] = MISTAKES_JSON.dump_json(shown_mistakes(total.mistakes))
        return result


def _key(name: str, model: str) -> metric_types.MetricKey:
    return metric_types.MetricKey(name=name, model_name=model)


def _numbers(of_model: Scores) -> dict[str, float]:
    numbers = {name: estimate.value for name, estimate in of_model.metrics().items()}
    numbers["entity_support"] = float(of_model.entities.micro.support)
    for kind, of_type in of_model.entities.per_type.items():
        numbers[f"entity_support/{kind}"] = float(of_type.support)
    return numbers | {"example_count": float(of_model.sentences)}
