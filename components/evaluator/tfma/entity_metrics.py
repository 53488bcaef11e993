"""TFMA metric that adds up the counts of batches and converts them to scores.

Not by a library: TFMA has no metric for spans; seqeval cannot merge the counts of shards and slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import apache_beam as beam
from pydantic import TypeAdapter
from tensorflow_model_analysis.metrics import metric_types

from components.evaluator.counts.errors_in_context import select_errors
from components.evaluator.counts.insight_counts import InsightCounts
from components.evaluator.counts.scoring import changes, scores
from components.evaluator.counts.slice_counts import SliceCounts, end_to_end, model_tables
from components.evaluator.counts.slicing import ENTITY_LENGTH, ENTITY_SEEN, slice_order
from components.evaluator.results.evaluation import ALL, Comparison, EndToEnd, ErrorInContext, Level, Slice
from components.evaluator.results.model_scores import Estimate, Scores
from components.evaluator.tfma.extractor import BASELINE, COUNTS_KEY

if TYPE_CHECKING:
    from tensorflow_model_analysis.proto.metrics_for_slice_pb2 import MetricsForSlice, SliceKey

# Names of the keys whose values are JSON.
SCORES_KEY = "scores"
CHANGES_KEY = "changes"
ERRORS_KEY = "errors"
INSIGHTS_KEY = "insights"
END_TO_END_KEY = "end_to_end"

SCORES_JSON: TypeAdapter[Scores] = TypeAdapter(Scores)
CHANGES_JSON: TypeAdapter[dict[str, Estimate]] = TypeAdapter(dict[str, Estimate])
END_TO_END_JSON: TypeAdapter[EndToEnd] = TypeAdapter(EndToEnd)
ERRORS_JSON: TypeAdapter[tuple[ErrorInContext, ...]] = TypeAdapter(tuple[ErrorInContext, ...])


class EntityMetrics(metric_types.Metric):
    """Scores of the exported model's tags on the corpus's tokens, for whole slices at once.

    Keys of the result for each model, floats: every defined `Scores.metrics()`, `entity_support`, `entity_support/TYPE`
    and `example_count`. TFMA saves them, compares them with the baseline's and shows them in its own views. `scores`
    holds everything with intervals as JSON (`Scores`). The candidate also has `errors`, `insights` and `end_to_end`
    (for all examples) and, as a difference, `changes` (estimates of the paired differences by name).

    The input is the output of `components.evaluator.tfma.extractor`, not TFMA's labels and predictions.
    """

    def __init__(self, name: str = "entity_metrics", **config: Any) -> None:
        """Creates the metric.

        Args:
            name: name of the metric.
            **config: configuration of the extractor (`components.evaluator.eval_config`), and further arguments of
                `metric_types.Metric`.
        """
        super().__init__(_computations, name=name, **config)


metric_types.register_metric(EntityMetrics)


def comparisons(
    metrics: Iterable[MetricsForSlice], columns: Sequence[str]
) -> tuple[Comparison | None, tuple[Comparison, ...], tuple[ErrorInContext, ...], InsightCounts]:
    """Reads the results of `EntityMetrics`.

    Args:
        metrics: TFMA's output, one message per slice.
        columns: the slicing columns, in the order of the slices.

    Returns:
        All examples (None if there were none), each slice, the candidate's errors, and its counts for the insights.
    """
    overall: Comparison | None = None
    errors: tuple[ErrorInContext, ...] = ()
    insights = InsightCounts()
    slices = []
    for message in metrics:
        comparison, documents = _comparison(message)
        if comparison is None:
            continue
        if comparison.slice.name == ALL:
            overall = comparison
            errors = ERRORS_JSON.validate_json(documents.get(ERRORS_KEY, b"[]"))
            if INSIGHTS_KEY in documents:
                insights = InsightCounts.from_json(documents[INSIGHTS_KEY])
        else:
            slices.append(comparison)
    order = slice_order(columns)
    return overall, tuple(sorted(slices, key=lambda comparison: order(comparison.slice))), errors, insights


def _comparison(message: MetricsForSlice) -> tuple[Comparison | None, dict[str, bytes]]:
    """Returns the scores of a slice, and its other documents by name."""
    documents: dict[str, bytes] = {}
    models: dict[bool, Scores] = {}  # True: the baseline
    for metric in message.metric_keys_and_values:
        if not metric.value.HasField("bytes_value"):
            continue
        if metric.key.name == SCORES_KEY:
            models[metric.key.model_name == BASELINE] = SCORES_JSON.validate_json(metric.value.bytes_value)
        else:
            documents[metric.key.name] = metric.value.bytes_value
    if False not in models:
        return None, {}
    differences = CHANGES_JSON.validate_json(documents.get(CHANGES_KEY, b"{}"))
    served = END_TO_END_JSON.validate_json(documents[END_TO_END_KEY]) if END_TO_END_KEY in documents else None
    return Comparison(_slice(message.slice_key), models[False], models.get(True), differences, served), documents


def _slice(key: SliceKey) -> Slice:
    for single in key.single_slice_keys:
        level: Level = "entity" if single.column in (ENTITY_SEEN, ENTITY_LENGTH) else "sentence"
        return Slice(single.column, single.bytes_value.decode("utf-8", "replace"), level)
    return Slice()


def _computations(
    name: str, model_names: Sequence[str] | None = None, **_: Any
) -> list[metric_types.MetricComputation]:
    del name
    combiner = _Combiner(tuple(model_names or ("",)))
    return [metric_types.MetricComputation(keys=[], preprocessors=[_TakeCounts()], combiner=combiner)]


class _TakeCounts(metric_types.Preprocessor):
    """Passes only the counts to the combiner."""

    def process(self, extracts: dict[str, Any]) -> Iterator[SliceCounts]:
        yield extracts[COUNTS_KEY]


class _Combiner(beam.CombineFn):
    """Adds up the counts of a slice for both models, which their difference needs."""

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
        tables = model_tables(total, self._models)
        for model, table in tables.items():
            of_model = scores(table, total.confusions.get(model))
            result |= {_key(name, model): value for name, value in _numbers(of_model).items()}
            result[_key(SCORES_KEY, model)] = SCORES_JSON.dump_json(of_model)
        candidate = next(model for model in self._models if model != BASELINE)
        if BASELINE in tables:
            differences = CHANGES_JSON.dump_json(changes(tables[candidate], tables[BASELINE]))
            result[metric_types.MetricKey(CHANGES_KEY, model_name=candidate, is_diff=True)] = differences
        if total.confusions:
            result[_key(ERRORS_KEY, candidate)] = ERRORS_JSON.dump_json(select_errors(total.errors))
        if total.insights is not None:
            result[_key(INSIGHTS_KEY, candidate)] = total.insights.to_json()
        if (served := end_to_end(total)) is not None:
            result[_key(END_TO_END_KEY, candidate)] = END_TO_END_JSON.dump_json(served)
        return result


def _key(name: str, model: str) -> metric_types.MetricKey:
    return metric_types.MetricKey(name=name, model_name=model)


def _numbers(of_model: Scores) -> dict[str, float]:
    numbers = {name: each.value for name, each in of_model.metrics().items() if each.value is not None}
    numbers["entity_support"] = float(of_model.entities.micro.support)
    for kind, of_type in of_model.entities.per_type.items():
        numbers[f"entity_support/{kind}"] = float(of_type.support)
    return numbers | {"example_count": float(of_model.sentences)}
