"""Distances, their limits and the verdict."""

from __future__ import annotations

import json

import pytest

from components.drift_validator.drift_report import CHANGE, Drift, DriftReport


def drift(distance=0.3, limit=0.2):
    return Drift("entity types", "before", "now", distance, "L-infinity distance", "PER: 1.0% to 31.0%", limit)


def test_text_names_property_distance_limit_and_change():
    assert str(drift()) == "entity types: largest change of a share 0.3, limit 0.2 (PER: 1.0% to 31.0%)"
    assert "no limit" in str(drift(limit=None))


@pytest.mark.parametrize(("distance", "number"), [(-0.0125, "-0.0125"), (0.02, "+0.02"), (0.0, "0")])
def test_a_change_has_a_sign_and_so_has_its_limit(distance, number):
    change = Drift("unknown words", "before", "now", distance, CHANGE, "detail", 0.15)
    assert str(change) == f"unknown words: change of their share {number}, limit +0.15 (detail)"


@pytest.mark.parametrize(("limit", "exceeded"), [(0.2, True), (0.3, False), (0.4, False), (None, False)])
def test_only_distances_above_a_limit_are_exceeded(limit, exceeded):
    report = DriftReport((drift(limit=limit), drift(0.0)))
    assert report.drifts[0].exceeded is exceeded
    assert report.drifted is exceeded


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (DriftReport(not_measured="drift.action is ignore"), "Drift was not measured: drift.action is ignore."),
        (DriftReport(), "Drift was not measured: the data sets have nothing in common."),
        (DriftReport((drift(), drift(0.1))), "The data drifted: 1 of 2 distances exceed their limit."),
        (DriftReport((drift(),), enough=False, sentences=(900, 7)), "Limits do not apply: 7 sentences are fewer than"),
        (DriftReport((drift(0.1),)), "No distance exceeds its limit."),
    ],
)
def test_verdict_is_a_sentence(report, verdict):
    assert report.verdict.startswith(verdict)


def test_json_holds_everything_and_can_be_read_back():
    report = DriftReport((drift(), drift(limit=None)), enough=False, sentences=(7, 8))
    values = json.loads(report.to_json())
    assert values["drifts"][0]["detail"] == "PER: 1.0% to 31.0%"
    assert (values["enough"], values["sentences"], values["drifted"]) == (False, [7, 8], False)
    assert DriftReport.from_json(report.to_json()) == report


def test_other_texts_are_refused():
    for text in ("", "[]", "{}", '{"drifts": [{"what": 1}], "enough": true, "sentences": [1, 2]}'):
        with pytest.raises(ValueError):
            DriftReport.from_json(text)
