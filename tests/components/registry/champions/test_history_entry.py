from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.registry.champions.history_entry import PROMOTED, HistoryEntry
from components.registry.errors import RegistryError
from components.registry.store.registered_version import RegisteredVersion


def _stored(number: int, tags: dict[str, str]) -> RegisteredVersion:
    return RegisteredVersion("ner.history", number, (), tags, "", "", datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(("version", "replaced", "forced"), [(4, 3, False), (1, None, True), (None, 3, False)])
def test_history_entry_comes_back_as_it_was_written(version, replaced, forced):
    entry = HistoryEntry.new(PROMOTED, version, replaced, "é@host", "better\nby far", forced)
    read = HistoryEntry.from_version(_stored(17, entry.to_tags()))
    assert read == HistoryEntry(
        17, PROMOTED, version, replaced, "é@host", "better\nby far", forced, datetime(2026, 1, 2, tzinfo=UTC)
    )


def test_history_entry_of_foreign_hands_names_what_is_wrong():
    with pytest.raises(RegistryError, match="version 'five'"):
        HistoryEntry.from_version(_stored(1, {"action": PROMOTED, "version": "five"}))
