"""Anomalies in words."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_validator.anomalies import anomaly_lines, error_text

TWO_REASONS = """
anomaly_info { key: "tags" value {
  path { step: "tags" } severity: ERROR short_description: "Multiple errors" description: "a b"
  reason { short_description: "Unexpected string values" description: "Values\\n missing: B-X (~1%). " }
  reason { short_description: "Column dropped." description: "Column dropped" }
} }
"""


def parse(text):
    return text_format.Parse(text, anomalies_pb2.Anomalies())


def test_each_reason_is_a_line_with_split_feature_and_both_descriptions():
    expected = [
        "split eval, feature tags: Unexpected string values. Values missing: B-X (~1%).",
        "split eval, feature tags: Column dropped",
    ]
    assert anomaly_lines("eval", parse(TWO_REASONS)).errors == expected
    assert anomaly_lines("eval", parse(TWO_REASONS).SerializeToString()).errors == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("data_missing: true", "split eval: it holds no examples"),
        (
            'dataset_anomaly_info { short_description: "Low num examples" description: "Below 10" }',
            "split eval, the data set as a whole: Low num examples. Below 10",
        ),
        (
            'anomaly_info { key: "a.b" value { path { step: "a" step: "b" } short_description: "Odd" } }',
            "split eval, feature a.b: Odd",
        ),
        ('anomaly_info { key: "old" value { short_description: "Odd" } }', "split eval, feature old: Odd"),
    ],
)
def test_other_kinds_of_anomalies(text, line):
    assert anomaly_lines("eval", parse(text)) == ([line], [])


def test_warnings_are_kept_apart():
    found = parse('anomaly_info { key: "a" value { severity: WARNING short_description: "Odd" } }')
    assert anomaly_lines("eval", found) == ([], ["split eval, feature a: Odd"])


def test_no_anomalies_no_lines():
    assert anomaly_lines("eval", anomalies_pb2.Anomalies()) == ([], [])


def test_text_counts_lists_and_says_what_to_do():
    text = error_text(["one", "two"], "schemas/schema.pbtxt")
    assert text.splitlines() == [
        "The data is not what the schema says (2 anomalies); nothing was trained on it.",
        "  one",
        "  two",
        "Mend the data; or, where the data is right, change the schema, schemas/schema.pbtxt, so that it allows this.",
    ]
    assert "(1 anomaly)" in error_text(["one"])
    assert "change the schema so that" in error_text(["one"])
