"""The data summary, read from TFDV statistics."""

from __future__ import annotations

import pytest

from components.reporter.data_summary import DataSummary, SplitSummary, summarize_split

pytestmark = pytest.mark.extended

STATISTICS = """
datasets {
  num_examples: 10
  features {
    path { step: "tags" }
    string_stats {
      common_stats { num_values_histogram {
        buckets { low_value: 1 high_value: 3 sample_count: 5 }
        buckets { low_value: 3 high_value: 9 sample_count: 5 }
      } }
      rank_histogram {
        buckets { label: "OUT" sample_count: 30 }
        buckets { label: "I-PER" sample_count: 9 }
        buckets { label: "B-PER" sample_count: 3 }
        buckets { label: "B-creative-work" sample_count: 5 }
        buckets { label: "B-O" sample_count: 2 }
      }
    }
  }
  features { path { step: "key" } string_stats { unique: 10 } }
}
"""


def parsed(text):
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import statistics_pb2

    return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def test_split_counts_come_from_the_tag_histogram():
    statistics = parsed(STATISTICS)
    summary = summarize_split("train", statistics)
    assert summary == SplitSummary("train", 10, 49, {"creative-work": 5, "PER": 3}, (1.0, 3.0, 9.0))
    assert summary.entity_count == 8
    assert summarize_split("train", statistics.SerializeToString()) == summary


@pytest.mark.parametrize("text", ["", "datasets { num_examples: 0 }"])
def test_split_without_examples_is_all_zero(text):
    assert summarize_split("eval", parsed(text)) == SplitSummary("eval", 0, 0, {})


def test_types_are_ordered_by_their_count_in_all_splits():
    data = DataSummary((SplitSummary("train", 1, 9, {"A": 3, "B": 3}), SplitSummary("test", 1, 9, {"C": 5, "B": 1})))
    assert data.types == ("C", "B", "A")


def test_splits_are_found_by_name(facts):
    assert facts.data.split("test").sentences == 1287
    assert facts.data.split("other") is None
