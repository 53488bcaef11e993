"""Splits read from TFDV's statistics."""

from __future__ import annotations

import dataclasses
import json

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.reporter.split_summary import SplitSummary, split_from_dict, summarize_split

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
  features { path { step: "source" } string_stats { unique: 1
    rank_histogram { buckets { label: "a" sample_count: 10 } } } }
  features { path { step: "genre" } string_stats { unique: 2 rank_histogram {
    buckets { label: "web" sample_count: 6 } buckets { label: "news" sample_count: 4 } } } }
  features { path { step: "author" } string_stats { unique: 21
    rank_histogram { buckets { label: "x" sample_count: 1 } } } }
}
"""


@pytest.fixture
def statistics():
    return text_format.Parse(STATISTICS, statistics_pb2.DatasetFeatureStatisticsList())


def test_a_split_is_summarized(statistics):
    assert summarize_split("train", statistics) == SplitSummary(
        name="train",
        sentences=10,
        tokens=49,
        entities={"creative-work": 5, "PER": 3},
        lengths=(1.0, 3.0, 9.0),
        columns={"genre": {"web": 6, "news": 4}},
    )


def test_bytes_are_read_like_the_message(statistics):
    assert summarize_split("a", statistics.SerializeToString()) == summarize_split("a", statistics)


@pytest.mark.parametrize("text", ["", "datasets { num_examples: 0 }"])
def test_a_split_without_examples_is_all_zero(text):
    empty = text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())
    assert summarize_split("eval", empty) == SplitSummary("eval", 0, 0, {})


def test_a_summary_survives_json(statistics):
    summary = summarize_split("train", statistics)
    assert split_from_dict(json.loads(json.dumps(dataclasses.asdict(summary)))) == summary
    assert summary.entity_count == 8
