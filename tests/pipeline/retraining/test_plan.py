"""Reasons to retrain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from components.drift_validator.drift_report import Drift
from components.registry.store.version import RegisteredVersion
from configs.spec import RetrainSettings
from pipeline.retraining.facts import Facts
from pipeline.retraining.plan import reasons_to_retrain

NOW = datetime(2026, 5, 10, tzinfo=UTC)
SETTINGS = RetrainSettings(warm_start=True, max_age_days=7, scores=None, score_drop=0.05)
DRIFT = Drift("entity types", "data", "log", 0.4, "L-infinity distance", "PER: 1% to 41%", 0.25)


def facts(age=1.0, new_data="", drifts=(), delayed_label_f1=None):
    champion = RegisteredVersion("ner", 3, (), {"metric.entity_f1": "0.8"}, "", "", NOW - timedelta(days=age))
    return Facts(champion, new_data, drifts, delayed_label_f1, NOW)


def test_without_a_reason_there_is_none():
    assert reasons_to_retrain(facts(delayed_label_f1=0.76), SETTINGS) == ()


def test_a_missing_champion_is_a_reason():
    assert reasons_to_retrain(Facts(None, "", (), None, NOW), SETTINGS) == ("there is no champion yet",)


def test_every_reason_is_reported_new_data_first():
    assert reasons_to_retrain(facts(8, "span 4 is new", (DRIFT,), 0.7), SETTINGS) == (
        "span 4 is new",
        "requests drift: entity types: largest change of a share 0.4, limit 0.25 (PER: 1% to 41%)",
        "the champion, version 3, is 8.0 days old, more than 7",
        "the champion's entity F1 fell from 0.800 to 0.700, by more than 0.05",
    )


def test_the_age_is_measured_in_days_and_needs_a_limit():
    for age, due in ((6.9, False), (7.1, True)):
        assert bool(reasons_to_retrain(facts(age), SETTINGS)) is due
    assert reasons_to_retrain(facts(9999), SETTINGS.model_copy(update={"max_age_days": None})) == ()
