"""Finds versions and aliases as the history has them, whatever became of MLflow's own aliases."""

from __future__ import annotations

from dataclasses import replace

from components.registry.champions.champion_line import ChampionLine
from components.registry.champions.history_entry import HistoryEntry
from components.registry.errors import RegistryError
from components.registry.names import CHAMPION, HISTORY_SUFFIX, PREVIOUS
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.registry_reader import RegistryReader


def history_entries(reader: RegistryReader, name: str) -> tuple[HistoryEntry, ...]:
    """The whole history of a model, oldest first."""
    return tuple(HistoryEntry.from_version(stored) for stored in reader.versions(name + HISTORY_SUFFIX))


def champion_line(reader: RegistryReader, name: str, aliases: dict[str, int] | None = None) -> ChampionLine:
    """What the history of a model adds up to.

    Args:
        reader: Reads the registry.
        name: Name of the registered model.
        aliases: MLflow's own aliases, if they are known already; believed where the history holds no change yet.
    """
    stored = reader.aliases(name) if aliases is None else aliases
    before = [stored[alias] for alias in (PREVIOUS, CHAMPION) if alias in stored] if CHAMPION in stored else []
    return ChampionLine.of(history_entries(reader, name), before)


def true_aliases(reader: RegistryReader, name: str) -> dict[str, int]:
    """Alias -> version.

    A champion or previous version that is deleted has no alias; `previous` is then the one before that.
    """
    stored = reader.aliases(name)
    line = champion_line(reader, name, stored)
    aliases = {alias: number for alias, number in stored.items() if alias not in (CHAMPION, PREVIOUS)}
    if line.champion is not None and reader.version(name, line.champion) is not None:
        aliases[CHAMPION] = line.champion
    for number in reversed(line.earlier):
        if number != line.champion and reader.version(name, number) is not None:
            aliases[PREVIOUS] = number
            break
    return aliases


def find_version(reader: RegistryReader, name: str, version_or_alias: int | str) -> RegisteredVersion | None:
    """A version by number (also as text) or alias; None when there is none."""
    aliases = true_aliases(reader, name)
    text = str(version_or_alias)
    number = int(text) if text.isascii() and text.isdigit() else aliases.get(text)
    found = None if number is None else reader.version(name, number)
    return None if found is None else with_aliases(found, aliases)


def require_version(reader: RegistryReader, name: str, version_or_alias: int | str, uri: str) -> RegisteredVersion:
    """A version that must be there.

    Raises:
        RegistryError: If it is not; `uri` is named.
    """
    found = find_version(reader, name, version_or_alias)
    if found is None:
        raise RegistryError(missing(name, version_or_alias, uri))
    return found


def missing(name: str, version_or_alias: int | str, uri: str) -> str:
    """The text of the error that a version is not there."""
    what = f"version {version_or_alias}" if str(version_or_alias).isdigit() else f"version {version_or_alias!r}"
    return f"{name} has no {what} in {uri}. See `ner registry list`, and choose another."


def with_aliases(version: RegisteredVersion, aliases: dict[str, int]) -> RegisteredVersion:
    """The version with those of the aliases that point at it."""
    own = tuple(sorted(alias for alias, number in aliases.items() if number == version.version))
    return replace(version, aliases=own)
