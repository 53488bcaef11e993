"""Blessing rules."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.evaluator.blessing.rule import BlessingRule, is_builtin_metric

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
