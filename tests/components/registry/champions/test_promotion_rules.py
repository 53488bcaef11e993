from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.registry.champions.champion_line import ChampionLine
from components.registry.champions.history_entry import PROMOTED, HistoryEntry
from components.registry.champions.promotion_rules import refusal_to_promote
from components.registry.store.registered_version import RegisteredVersion


def _version(number: int, baseline: str = "", fingerprint: str = "", blessed: str = "true") -> RegisteredVersion:
    tags = {"baseline_version": baseline, "run_fingerprint": fingerprint, "blessed": blessed}
    return RegisteredVersion("ner", number, (), tags, "", "", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("version", "champion", "replaced"),
    [
        (_version(1), None, None),
        (_version(1, "none"), None, None),
        (_version(4, "3"), _version(3), 3),
        (_version(4, "2", "same"), _version(3, "2", "same"), 3),
    ],
)
def test_a_blessing_against_the_champion_counts(version, champion, replaced):
    entry = HistoryEntry.new(PROMOTED, version.version, replaced, "", "")
    assert refusal_to_promote(version, champion, entry, ChampionLine()) == ""


@pytest.mark.parametrize(
    ("version", "champion", "replaced", "reason"),
    [
        (_version(4, "3", blessed="false"), _version(3), 3, "ner version 4 is not blessed"),
        (_version(4, "2"), _version(3), 3, "was blessed against champion 2, and is to replace champion 3"),
        (_version(4, ""), _version(3), 3, "was blessed against champion none"),
        (_version(4, "3"), None, None, "is to replace champion none"),
        (_version(4, "2", ""), _version(3, "2", ""), 3, "was blessed against champion 2"),
        (_version(4, "2", "same"), _version(3, "2", "other"), 3, "was blessed against champion 2"),
    ],
)
def test_any_other_is_refused_unless_it_is_forced(version, champion, replaced, reason):
    entry = HistoryEntry.new(PROMOTED, version.version, replaced, "", "because")
    assert reason in refusal_to_promote(version, champion, entry, ChampionLine())
    forced = HistoryEntry.new(PROMOTED, version.version, replaced, "", "because", forced=True)
    assert refusal_to_promote(version, champion, forced, ChampionLine()) == ""


def test_what_was_rolled_back_is_refused():
    entry = HistoryEntry.new(PROMOTED, 4, 3, "", "")
    line = ChampionLine(champion=3, taken_back=frozenset({4}))
    assert "was rolled back" in refusal_to_promote(_version(4, "3"), _version(3), entry, line)
