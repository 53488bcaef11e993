"""Metrics of the user's own: functions named in `evaluator.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from components.common.dotted_path import load_function, source_hash
from components.common.errors import quoted
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.errors import EvaluationError

SentenceMetric = Callable[[Sequence[str], Sequence[str]], tuple[float, float]]
"""Function from the gold and the predicted tags of a sentence (IOB2, on its gold tokens) to (numerator, denominator).

The metric is the sum of the numerators divided by the sum of the denominators over the sentences of a slice; higher
must be better. This form adds up over Beam workers, slices and bootstrap replicates, so the metric gets an interval and
a paired comparison with the champion. Accuracies, rates and also F1 (2 x correct, predicted + gold) have this form; a
median does not.
"""


def load_metrics(paths: Mapping[str, str]) -> dict[str, SentenceMetric]:
    """Imports the functions of `evaluator.metrics`.

    Raises:
        NerError: a function cannot be imported, or an object is not callable.

    Example:
        >>> sorted(load_metrics({"example": "operator:eq"}))
        ['example']
    """
    return {name: load_function(path, f"evaluator.metrics.{name}") for name, path in paths.items()}


def metrics_version(paths: Mapping[str, str]) -> str:
    """Returns a hash of the modules of custom metrics, for TFX's cache; "" without metrics."""
    return " ".join(source_hash(path, f"evaluator.metrics.{name}") for name, path in sorted(paths.items()))


def metric_counts(batch: TaggedBatch, name: str, metric: SentenceMetric) -> np.ndarray:
    """Returns numerator and denominator of each sentence: float64 [sentences, 2].

    Raises:
        EvaluationError: the function fails, or returns anything else than two finite numbers.
    """
    counts = np.zeros((len(batch), 2))
    for row, (gold, predicted) in enumerate(batch.tags()):
        try:
            counts[row] = metric(gold, predicted)
        except Exception as error:
            raise _failure(batch, row, name, f"{type(error).__name__}: {error}") from error
        if not np.isfinite(counts[row]).all():
            raise _failure(batch, row, name, f"returned {tuple(counts[row].tolist())}")
    return counts


def _failure(batch: TaggedBatch, row: int, name: str, problem: str) -> EvaluationError:
    return EvaluationError(
        f"evaluator.metrics.{name}: {problem}, on the sentence with key {quoted(batch.keys[row])}. Return two finite "
        "numbers: numerator and denominator."
    )
