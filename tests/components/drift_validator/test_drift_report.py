"""One distance, and the report of several."""

from __future__ import annotations

import json

import pytest

from components.drift_validator.drift import Drift
from components.drift_validator.drift_report import DriftReport
from components.drift_validator.drift_thresholds import DriftThresholds


def drift(distance=0.3, limit=0.2):
    return Drift("entity types", "before", "now", distance, "L-infinity distance", "PER: 1.0% to 31.0%", limit)


def test_a_line_says_what_how_far_and_where():
    assert str(drift()) == "entity types: L-infinity distance 0.3, limit 0.2 (PER: 1.0% to 31.0%)"
    assert "no limit" in str(drift(limit=None))


@pytest.mark.parametrize(("limit", "exceeded"), [(0.2, True), (0.3, False), (0.4, False), (None, False)])
def test_only_a_limit_that_is_there_and_passed_is_exceeded(limit, exceeded):
    report = DriftReport((drift(limit=limit), drift(0.0)))
    assert report.drifts[0].exceeded is exceeded
    assert report.drifted is exceeded


@pytest.mark.parametrize(("distance", "notable"), [(0.09, False), (0.1, True)])
def test_a_tenth_is_notable(distance, notable):
    assert drift(distance).notable is notable


def test_the_text_holds_everything():
    values = json.loads(DriftReport((drift(),), enough=False, sentences=(7, 8)).to_json())
    assert values["drifts"][0]["detail"] == "PER: 1.0% to 31.0%"
    assert (values["enough"], values["sentences"], values["drifted"]) == (False, [7, 8], False)


def test_thresholds_survive_their_text():
    limits = DriftThresholds("stop", 10, 0.1, None, 0.2, 0.3)
    assert DriftThresholds.from_json(limits.to_json()) == limits
