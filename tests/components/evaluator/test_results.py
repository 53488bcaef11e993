"""TFMA's messages as plain values and words."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_model_analysis.proto import metrics_for_slice_pb2, validation_result_pb2

from components.evaluator.results import collect_scores, failures_in_words, slice_name

METRIC = """metric_keys_and_values {{
  key {{ name: "{name}" model_name: "{model}" is_diff: {diff} }} value {{ double_value {{ value: {value} }} }}
}}"""


def of_slice(key, *metrics):
    text = key + "".join(METRIC.format(name=n, model=m, value=v, diff=d) for n, m, v, d in metrics)
    return text_format.Parse(text, metrics_for_slice_pb2.MetricsForSlice())


def failure(text, slice_key=""):
    return text_format.Parse(
        f'metric_validations_per_slice {{ slice_key {{ {slice_key} }} failures {{ metric_key {{ name: "entity_f1" }} '
        f"{text} }} }}",
        validation_result_pb2.ValidationResult(),
    )


def test_scores_are_sorted_by_model_slice_and_type():
    source = 'slice_key { single_slice_keys { column: "source" bytes_value: "é" } }'
    metrics = [
        of_slice(source, ("entity_f1", "candidate", 0.25, "false")),
        of_slice(
            "slice_key { }",
            ("entity_f1", "candidate", 0.5, "false"),
            ("entity_f1", "baseline", 0.4, "false"),
            ("entity_f1", "candidate", 0.1, "true"),
            ("entity_f1/a/b", "candidate", 0.5, "false"),
            ("entity_support/a/b", "candidate", 3, "false"),
        ),
    ]
    assert collect_scores(metrics) == {
        "overall": {"entity_f1": 0.5},
        "per_type": {"a/b": {"f1": 0.5, "support": 3}},
        "slices": {"source=é": {"overall": {"entity_f1": 0.25}, "per_type": {}}},
        "baseline": {"overall": {"entity_f1": 0.4}, "per_type": {}},
    }


def test_nothing_evaluated_gives_no_scores():
    assert collect_scores([]) == {"overall": {}, "per_type": {}, "slices": {}, "baseline": None}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("", "all examples"),
        ('single_slice_keys { column: "n" int64_value: 3 }', "n=3"),
        ('single_slice_keys { column: "x" float_value: 0.5 }', "x=0.5"),
        ('single_slice_keys { column: "a" bytes_value: "1" } single_slice_keys { column: "b" }', "a=1, b="),
    ],
)
def test_slice_names(key, name):
    assert slice_name(text_format.Parse(key, metrics_for_slice_pb2.SliceKey())) == name


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (
            "value_threshold { lower_bound { value: 0.6 } }",
            "entity_f1 of all examples is 0.5000; at least 0.6000 is needed",
        ),
        (
            "value_threshold { lower_bound { value: 0.6 } upper_bound { value: 0.9 } }",
            "entity_f1 of all examples is 0.5000; at least 0.6000 and at most 0.9000 is needed",
        ),
        (
            "change_threshold { absolute { value: -0.01 } relative { value: -0.05 } }",
            "entity_f1 of all examples changed by +0.5000 against the champion; "
            "no worse than -0.0100 and -5.00% is needed",
        ),
    ],
)
def test_failures_name_metric_slice_value_and_threshold(threshold, words):
    validation = failure(f"metric_value {{ double_value {{ value: 0.5 }} }} metric_threshold {{ {threshold} }}")
    assert failures_in_words(validation) == [words]


def test_failure_of_a_slice_names_it():
    validation = failure(
        "metric_value { double_value { value: 0 } } metric_threshold { value_threshold { lower_bound { value: 1 } } }",
        'single_slice_keys { column: "source" bytes_value: "a" }',
    )
    assert failures_in_words(validation) == ["entity_f1 of source=a is 0.0000; at least 1.0000 is needed"]


def test_metric_that_could_not_be_checked_is_told_with_tfmas_words():
    assert failures_in_words(failure('message: "Metric not\\n found."')) == [
        "entity_f1 of all examples could not be checked: Metric not found."
    ]


def test_slices_that_are_missing_are_told():
    validation = text_format.Parse(
        'missing_slices { } missing_slices { feature_keys: "source" feature_values { key: "a" value: "b" } }',
        validation_result_pb2.ValidationResult(),
    )
    assert failures_in_words(validation) == [
        "no example was evaluated of the slice all examples",
        "no example was evaluated of the slice source, a=b",
    ]


def test_no_failures_no_words():
    assert failures_in_words(validation_result_pb2.ValidationResult(validation_ok=True)) == []
