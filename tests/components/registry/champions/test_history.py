from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.registry.champions.history import LOST, PROMOTED, REFUSED, ROLLED_BACK, ChampionLine, HistoryEntry
from components.registry.errors import RegistryError
from components.registry.store.version import RegisteredVersion


def _entries(*rows: tuple[str, int | None, int | None]) -> list[HistoryEntry]:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return [HistoryEntry(n, action, to, before, "", "", False, when) for n, (action, to, before) in enumerate(rows, 1)]


def test_an_empty_history_has_no_champion():
    assert ChampionLine.of([]) == ChampionLine()


def test_without_a_change_in_the_history_the_alias_counts():
    line = ChampionLine.of(_entries((REFUSED, None, 7)), before=[5, 7])
    assert (line.champion, line.earlier, line.ever) == (7, (5,), (5, 7))


def test_the_first_change_names_the_champion_before_the_history():
    line = ChampionLine.of(_entries((PROMOTED, 8, 7)), before=[8])
    assert (line.champion, line.earlier, line.ever) == (8, (7,), (7, 8))


def test_the_first_of_two_changes_with_the_same_expectation_counts():
    line = ChampionLine.of(_entries((PROMOTED, 1, None), (PROMOTED, 2, 1), (PROMOTED, 3, 1), (PROMOTED, 4, 2)))
    assert (line.champion, line.earlier) == (4, (1, 2))
    assert line.void == {3}
    assert 3 not in line.ever


PROMOTED_3 = ((PROMOTED, 1, None), (PROMOTED, 2, 1), (PROMOTED, 3, 2))


def test_rollbacks_and_losses_change_the_champions_to_return_to():
    for more, champion, earlier, taken_back in (
        ([(ROLLED_BACK, 2, 3)], 2, (1,), {3}),
        ([(ROLLED_BACK, 2, 3), (ROLLED_BACK, 1, 2)], 1, (), {2, 3}),
        ([(ROLLED_BACK, 1, 3)], 1, (), {3}),
        ([(ROLLED_BACK, 1, 3), (ROLLED_BACK, 3, 1)], 3, (1,), {1}),
        ([(ROLLED_BACK, 2, 3), (PROMOTED, 4, 2)], 4, (1, 2), {3}),
        ([(LOST, None, 3)], None, (1, 2), set()),
        ([(LOST, None, 3), (PROMOTED, 4, None)], 4, (1, 2), set()),
        ([(LOST, None, 3), (ROLLED_BACK, 2, None)], 2, (1,), set()),
        ([(PROMOTED, 1, 3)], 1, (1, 2, 3), set()),
    ):
        line = ChampionLine.of(_entries(*PROMOTED_3, *more))
        assert (line.champion, line.earlier, line.taken_back) == (champion, earlier, taken_back)
        assert line.ever[:3] == (1, 2, 3)


def test_deleted_entries_are_skipped():
    entries = _entries(*PROMOTED_3, (PROMOTED, 4, 3), (PROMOTED, 5, 2))
    line = ChampionLine.of([entries[0], *entries[2:]])
    assert line.champion == 4
    assert line.void == {5}


@given(st.lists(st.tuples(st.sampled_from([PROMOTED, ROLLED_BACK, LOST]), st.integers(1, 5), st.integers(0, 5))))
def test_exactly_the_changes_whose_expectation_holds_count(rows):
    """Compares with the simplest model: one variable, compare and set."""
    entries = _entries(*((action, None if action == LOST else to, before or None) for action, to, before in rows))
    champion, void, ever = (entries[0].replaced if entries else None), set(), set()
    ever |= {champion} - {None}
    for entry in entries:
        if entry.replaced == champion:
            champion = entry.version
            ever |= {champion} - {None}
        else:
            void.add(entry.number)
    line = ChampionLine.of(entries)
    assert (line.champion, line.void, set(line.ever)) == (champion, void, ever)
    assert len(line.ever) == len(ever)


def _stored(number: int, tags: dict[str, str]) -> RegisteredVersion:
    return RegisteredVersion("ner.history", number, (), tags, "", "", datetime(2026, 1, 2, tzinfo=UTC))


def test_an_entry_is_read_as_it_was_written():
    for version, replaced, forced in (
        (4, 3, False),
        (1, None, True),
        (None, 3, False),
    ):
        entry = HistoryEntry.new(PROMOTED, version, replaced, who="é@host", why="better\nby far", forced=forced)
        read = HistoryEntry.from_version(_stored(17, entry.to_tags()))
        assert read == HistoryEntry(
            17, PROMOTED, version, replaced, "é@host", "better\nby far", forced, datetime(2026, 1, 2, tzinfo=UTC)
        )


def test_an_invalid_entry_is_an_error():
    with pytest.raises(RegistryError, match="version 'five'"):
        HistoryEntry.from_version(_stored(1, {"action": PROMOTED, "version": "five"}))
