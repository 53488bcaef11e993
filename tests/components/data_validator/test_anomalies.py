"""Text of anomalies."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

anomalies = LazyModule("components.data_validator.anomalies")

TWO_REASONS = """
anomaly_info { key: "tags" value {
  path { step: "tags" } severity: ERROR short_description: "Multiple errors" description: "a b"
  reason { short_description: "Unexpected string values" description: "Values\\n missing: B-X (~1%). " }
  reason { short_description: "Column dropped." description: "Column dropped" }
} }
"""


def parse(text):
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    return text_format.Parse(text, anomalies_pb2.Anomalies())


def test_each_reason_is_a_line_with_split_feature_and_both_descriptions():
    expected = [
        "split eval, feature tags: Unexpected string values. Values missing: B-X (~1%).",
        "split eval, feature tags: Column dropped",
    ]
    assert anomalies.anomaly_lines("eval", parse(TWO_REASONS)).errors == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("data_missing: true", "split eval: has no examples"),
        (
            'dataset_anomaly_info { short_description: "Low num examples" description: "Below 10" }',
            "split eval, the whole data set: Low num examples. Below 10",
        ),
        (
            'anomaly_info { key: "a.b" value { path { step: "a" step: "b" } short_description: "Odd" } }',
            "split eval, feature a.b: Odd",
        ),
        ('anomaly_info { key: "old" value { short_description: "Odd" } }', "split eval, feature old: Odd"),
    ],
)
def test_other_kinds_of_anomalies(text, line):
    assert anomalies.anomaly_lines("eval", parse(text)) == ([line], [])


def test_warnings_are_separate():
    warning = parse('anomaly_info { key: "a" value { severity: WARNING short_description: "Odd" } }')
    assert anomalies.anomaly_lines("eval", warning) == ([], ["split eval, feature a: Odd"])


def test_no_anomalies_have_no_lines():
    assert anomalies.anomaly_lines("eval", parse("")) == ([], [])


def test_error_text_counts_and_lists_the_anomalies_and_names_the_fix():
    assert anomalies.error_text(["one", "two"], "schemas/schema.pbtxt").splitlines() == [
        "schemas/schema.pbtxt: the data does not match the schema (2 anomalies). Nothing was trained.",
        "  one",
        "  two",
        "Correct the data, or change the schema if the data is right.",
    ]
    assert anomalies.error_text(["one"]).startswith("schema: the data does not match the schema (1 anomaly).")
