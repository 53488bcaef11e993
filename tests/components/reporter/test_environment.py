"""How pages write values."""

from __future__ import annotations

import pytest

from components.evaluator.results.evaluation import Estimate
from components.reporter import environment as module


def written(template, **values):
    return module.environment().from_string(template).render(**values)


def test_values_are_escaped():
    assert written("{{ x }}", x="<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0004, "0.000"), (-0.0004, "0.000"), (0.0314, "+0.031"), (-0.5, "−0.500")]
)
def test_changes_have_a_sign_unless_they_are_shown_as_zero(value, text):
    assert module._signed(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (12.3, "12 s"), (161.2, "2 min 41 s"), (7320, "2 h 2 min")]
)
def test_durations_are_told_in_fitting_units(seconds, text):
    assert module._duration(seconds) == text


@pytest.mark.parametrize(
    ("low", "high", "sure"), [(0.01, 0.02, True), (-0.02, -0.01, True), (-0.01, 0.01, False), (None, None, False)]
)
def test_a_change_is_sure_when_its_interval_does_not_hold_zero(low, high, sure):
    assert module._is_sure(Estimate(0.0, low, high)) is sure


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0%"), (0.014, "1.4%"), (0.094, "9.4%"), (0.0951, "10%"), (1.0, "100%")]
)
def test_small_shares_keep_a_decimal(value, text):
    assert written("{{ x | percent }}", x=value) == text


@pytest.mark.parametrize(
    ("estimate", "plain", "signed"),
    [
        (Estimate(0.3, 0.25, 0.35), "0.250–0.350", "+0.250 to +0.350"),
        (Estimate(0.0, -0.1, 0.1), "-0.100–0.100", "−0.100 to +0.100"),
        (Estimate(0.3), "", ""),
    ],
)
def test_intervals(estimate, plain, signed):
    assert written("{{ x | interval }}", x=estimate) == plain
    assert written("{{ x | interval(true) }}", x=estimate) == signed
