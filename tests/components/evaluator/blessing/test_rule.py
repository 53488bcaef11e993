"""Blessing rules."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.evaluator.blessing.rule import BlessingRule, is_builtin_metric, parse_threshold
from components.evaluator.errors import EvaluationError

pytestmark = pytest.mark.extended


def test_column_is_the_part_before_the_first_equals_sign():
    columns = {"": "", "source": "source", "source=a=b": "source"}
    for where, column in columns.items():
        assert BlessingRule(slice=where, bound=0.5).column == column


def test_rule_without_a_bound_is_refused():
    with pytest.raises(ValidationError, match="needs bound, max_regression, min_gain or significant: true"):
        BlessingRule(slice="source")


def test_builtin_metrics_are_known_by_name():
    builtin = ["entity_f1", "entity_recall/a b", "entity_macro_f1", "strict_f1", "calibration_error"]
    others = ["f1", "entity_f1/", "strict_f1/PER", "entity_f1 "]
    assert [name for name in [*builtin, *others] if is_builtin_metric(name)] == builtin


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("entity_f1>=0.6", BlessingRule(metric="entity_f1", bound=0.6, min_support=9)),
        ("entity_recall/a-b >= 1", BlessingRule(metric="entity_recall/a-b", bound=1.0, min_support=9)),
        ("entity_f1>=.5@source=a@b", BlessingRule(metric="entity_f1", slice="source=a@b", bound=0.5, min_support=9)),
        (
            "entity_f1/work of art >= 0.5 @ source = New York",
            BlessingRule(metric="entity_f1/work of art", slice="source=New York", bound=0.5, min_support=9),
        ),
        ("strict_f1>=0.5@window", BlessingRule(metric="strict_f1", slice="window", bound=0.5, min_support=9)),
        ("calibration_error<=0.1", BlessingRule(metric="calibration_error", bound=0.1, min_support=9)),
    ],
)
def test_thresholds_are_rules(text, rule):
    assert parse_threshold(text, 9) == rule


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("entity_f1", "Write METRIC>=BOUND"),
        ("f1>=0.5", "Write METRIC>=BOUND"),
        ("entity_f1>0.5", "Write METRIC>=BOUND"),
        ("entity_f1<=0.5", "<= does not fit entity_f1. Write >="),
        ("calibration_error>=0.1", ">= does not fit calibration_error. Write <="),
        ("entity_f1>=high", "the bound 'high' is not a number"),
        ("entity_f1>=60", "not from 0 to 1"),
        ("entity_f1>=nan", "not from 0 to 1"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(EvaluationError, match=message) as raised:
        parse_threshold(text, 0)
    assert repr(text) in str(raised.value)
