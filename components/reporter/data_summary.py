"""Summary of the corpus: the splits, read from their TFDV statistics, and the repairs made while reading."""

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


@dataclasses.dataclass(frozen=True)
class SplitSummary:
    """Counts of one split.

    Attributes:
        name: name of the split.
        sentences: number of sentences.
        tokens: number of tokens.
        entities: entity type -> number of entities, the most frequent first.
        lengths: 11 sentence lengths in tokens: minimum, nine deciles, maximum; empty without sentences.
    """

    name: str
    sentences: int
    tokens: int
    entities: Mapping[str, int]
    lengths: tuple[float, ...] = ()

    @property
    def entity_count(self) -> int:
        """Number of entities of all types."""
        return sum(self.entities.values())


@dataclasses.dataclass(frozen=True)
class DataSummary:
    """The data that a model was trained and evaluated on.

    Attributes:
        splits: in the order of the examples artifact: train, eval, test.
        fingerprint: fingerprint of the corpus files, one line a split; empty if unknown.
        repairs: kind of repair -> number of repairs made by the reader.
        left_out: number of sentences and files skipped because of errors.
        skipped: the first of these, as `file:line: problem`.
        notes: readings of files that differ from the usual one, as `file: description`.
        ignored: files of the corpus folder that belong to no split.
        lines: kind of line -> number of lines of the corpus files.

    Example:
        >>> train, test = SplitSummary("train", 2, 9, {"PER": 1, "LOC": 3}), SplitSummary("test", 1, 4, {"PER": 1})
        >>> DataSummary((train, test)).types
        ('LOC', 'PER')
    """

    splits: tuple[SplitSummary, ...]
    fingerprint: str = ""
    repairs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_out: int = 0
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    lines: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def files(self) -> list[tuple[str, str]]:
        """The corpus files in words, and the line of the fingerprint, one pair a split.

        Example:
            >>> DataSummary((), "split:train,num_files:2,total_bytes:1500,xor_checksum:7").files
            [('train: 2 files, 1,500 bytes, checksum 7', 'split:train,num_files:2,total_bytes:1500,xor_checksum:7')]
        """
        pairs = []
        for line in self.fingerprint.splitlines():
            values = dict(part.partition(":")[::2] for part in line.split(","))
            split, files, size = (values.get(name, "") for name in ("split", "num_files", "total_bytes"))
            checksum = values.get("sum_checksum") or values.get("xor_checksum")
            words = [f"{files} file{'' if files == '1' else 's'}"] if files else []
            words += [f"{int(size):,} bytes"] if size.isdecimal() else []
            words += [f"checksum {checksum}"] if checksum else []
            pairs.append((f"{split}: {', '.join(words)}" if split and words else line, line))
        return pairs

    @property
    def types(self) -> tuple[str, ...]:
        """All entity types, the most frequent in all splits together first."""
        totals: dict[str, int] = {}
        for split in self.splits:
            for name, count in split.entities.items():
                totals[name] = totals.get(name, 0) + count
        return tuple(sorted(totals, key=lambda name: (-totals[name], name)))

    def split(self, name: str) -> SplitSummary | None:
        """Returns the split of that name, or None."""
        return next((split for split in self.splits if split.name == name), None)


def summarize_split(name: str, statistics: DatasetFeatureStatisticsList | bytes) -> SplitSummary:
    """Summarizes the TFDV statistics of a split.

    Args:
        name: name of the split.
        statistics: the statistics of our Examples, or their serialized form (`FeatureStats.pb` of StatisticsGen).

    Returns:
        The summary; all zero if the split has no examples.
    """
    from tensorflow_metadata.proto.v0 import statistics_pb2

    if isinstance(statistics, bytes):
        statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(statistics)
    dataset: DatasetFeatureStatistics = next(iter(statistics.datasets), statistics_pb2.DatasetFeatureStatistics())
    tags_feature = next((feature for feature in dataset.features if list(feature.path.step) == ["tags"]), None)
    tags = {} if tags_feature is None else _value_counts(tags_feature)
    begin_tags = {split_tag(tag)[1]: count for tag, count in tags.items() if split_tag(tag)[0] == "B"}
    return SplitSummary(
        name=name,
        sentences=int(dataset.num_examples),
        tokens=sum(tags.values()),
        entities=dict(sorted(begin_tags.items(), key=lambda item: (-item[1], item[0]))),
        lengths=_deciles(tags_feature.string_stats.common_stats.num_values_histogram) if tags_feature and tags else (),
    )


def _value_counts(feature: FeatureNameStatistics) -> dict[str, int]:
    # The rank histogram holds up to 1,000 values; `top_values` only 20.
    return {bucket.label: round(bucket.sample_count) for bucket in feature.string_stats.rank_histogram.buckets}


def _deciles(histogram: Histogram) -> tuple[float, ...]:
    # TFDV writes ten buckets of equal weight (type QUANTILES), so their ends are the deciles.
    buckets: Any = histogram.buckets
    return (buckets[0].low_value, *(bucket.high_value for bucket in buckets)) if buckets else ()
