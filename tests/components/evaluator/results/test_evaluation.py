"""Names and failures in the document of an evaluation."""

from __future__ import annotations

import pytest

from components.evaluator.results.evaluation import ALL, Blessing, RuleOutcome, Slice

pytestmark = pytest.mark.extended


def test_slice_names():
    assert Slice().name == ALL
    assert Slice("source", "a=b").name == "source=a=b"


def test_failures_are_the_texts_of_failed_rules():
    rules = [
        RuleOutcome(
            rule="bound",
            metric="entity_f1",
            slice=ALL,
            state=state,
            bound=0.5,
            support=3,
            min_support=1,
            value=0.3,
            champion=None,
            text=state,
        )
        for state in ("failed", "passed", "too_small", "no_champion")
    ]
    assert Blessing(False, tuple(rules)).failures == ("failed",)
