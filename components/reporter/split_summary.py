"""One split of the data in a few numbers, taken from its TFDV statistics."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.text.tags import split_tag

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0.statistics_pb2 import (
        DatasetFeatureStatistics,
        DatasetFeatureStatisticsList,
        FeatureNameStatistics,
        Histogram,
    )

# Columns that tell sentences apart, or name the file of the split: their values cannot be compared between splits.
_OWN = frozenset({"key", "sentence", "tags", "source"})
# A column of more values than this is no category that a person could read.
_MOST_VALUES = 20


@dataclasses.dataclass(frozen=True)
class SplitSummary:
    """A split.

    Attributes:
        name: name of the split.
        sentences: number of sentences.
        tokens: number of tokens.
        entities: entity type -> number of entities, the most frequent first.
        lengths: 11 sentence lengths in tokens: the shortest, the nine deciles, the longest; empty without sentences.
        columns: metadata column -> its value -> number of sentences, for columns of at most 20 values.
    """

    name: str
    sentences: int
    tokens: int
    entities: Mapping[str, int]
    lengths: tuple[float, ...] = ()
    columns: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)

    @property
    def entity_count(self) -> int:
        """Number of entities of all types."""
        return sum(self.entities.values())


def summarize_split(name: str, statistics: DatasetFeatureStatisticsList | bytes) -> SplitSummary:
    """Reads the statistics of a split.

    Args:
        name: name of the split.
        statistics: what StatisticsGen wrote (`FeatureStats.pb`), or its bytes; of our Examples.

    Returns:
        The summary; all zero when the split has no examples.
    """
    from tensorflow_metadata.proto.v0 import statistics_pb2

    if isinstance(statistics, bytes):
        statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(statistics)
    dataset: DatasetFeatureStatistics = next(iter(statistics.datasets), statistics_pb2.DatasetFeatureStatistics())
    features = {feature.path.step[0] or feature.name: feature for feature in dataset.features if feature.path.step}
    tags = _value_counts(features["tags"]) if "tags" in features else {}
    begun = {split_tag(tag)[1]: count for tag, count in tags.items() if split_tag(tag)[0] == "B"}
    return SplitSummary(
        name=name,
        sentences=int(dataset.num_examples),
        tokens=sum(tags.values()),
        entities=dict(sorted(begun.items(), key=lambda item: (-item[1], item[0]))),
        lengths=_deciles(features["tags"].string_stats.common_stats.num_values_histogram) if tags else (),
        columns={
            column: _value_counts(feature)
            for column, feature in sorted(features.items())
            if column not in _OWN and 0 < feature.string_stats.unique <= _MOST_VALUES
        },
    )


def split_from_dict(values: Mapping[str, Any]) -> SplitSummary:
    """Reads what `dataclasses.asdict` made of a summary, also after a way through JSON."""
    return SplitSummary(**{**values, "lengths": tuple(values["lengths"])})


def _value_counts(feature: FeatureNameStatistics) -> dict[str, int]:
    """All values with their frequencies: TFDV keeps 1,000 of them in the histogram, and only 20 as `top_values`."""
    return {bucket.label: round(bucket.sample_count) for bucket in feature.string_stats.rank_histogram.buckets}


def _deciles(histogram: Histogram) -> tuple[float, ...]:
    # TFDV writes ten buckets of equal weight (type QUANTILES), so that their ends are the deciles.
    buckets = histogram.buckets
    return (buckets[0].low_value, *(bucket.high_value for bucket in buckets)) if buckets else ()
