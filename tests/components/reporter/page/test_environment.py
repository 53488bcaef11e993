"""Number formats of the pages."""

from __future__ import annotations

import pytest

from components.evaluator.results.model_scores import Estimate
from components.reporter.page.environment import environment

pytestmark = pytest.mark.extended


def written(template, **values):
    return environment().from_string(template).render(**values)


def test_values_are_escaped():
    assert written("{{ x }}", x="<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.parametrize(
    ("format_", "texts"),
    [
        ("signed", {0.0004: "0.000", -0.0004: "0.000", 0.0314: "+0.031", -0.5: "−0.500"}),
        ("duration", {0.04: "0.0 s", 12.3: "12 s", 161.2: "2 min 41 s", 7320: "2 h 2 min"}),
        ("percent", {0.0: "0 %", 0.014: "1.4 %", 0.094: "9.4 %", 0.0951: "10 %", 1.0: "100 %"}),
    ],
)
def test_numbers_are_formatted(format_, texts):
    assert {value: written(f"{{{{ x | {format_} }}}}", x=value) for value in texts} == texts


def test_changes_are_significant_if_their_interval_excludes_zero():
    intervals = {(0.01, 0.02): "yes", (-0.02, -0.01): "yes", (-0.01, 0.01): "no", (None, None): "no"}
    template = "{{ 'yes' if x.excludes_zero else 'no' }}"
    assert {ends: written(template, x=Estimate(0.0, *ends)) for ends in intervals} == intervals


@pytest.mark.parametrize(
    ("estimate", "plain", "signed"),
    [
        (Estimate(0.3, 0.25, 0.35), "0.250–0.350", "+0.250 to +0.350"),
        (Estimate(0.0, -0.1, 0.1), "-0.100–0.100", "−0.100 to +0.100"),
        (Estimate(0.3), "", ""),
    ],
)
def test_intervals_are_formatted(estimate, plain, signed):
    assert written("{{ x.interval() }}", x=estimate) == plain
    assert written("{{ x | signed_interval }}", x=estimate) == signed
