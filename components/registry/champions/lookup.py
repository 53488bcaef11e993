"""Lookup of versions and aliases according to the history, even if MLflow's own aliases differ."""

from __future__ import annotations

from dataclasses import replace

from components.registry.champions.history import ChampionLine, HistoryEntry
from components.registry.errors import RegistryError
from components.registry.names import CHAMPION, HISTORY_SUFFIX, PREVIOUS, is_version
from components.registry.store.readers import RegistryReader
from components.registry.store.version import RegisteredVersion


def history_entries(reader: RegistryReader, name: str) -> tuple[HistoryEntry, ...]:
    """Returns the whole history of a model, oldest entry first."""
    return tuple(HistoryEntry.from_version(stored) for stored in reader.versions(name + HISTORY_SUFFIX))


def champion_line(reader: RegistryReader, name: str, aliases: dict[str, int] | None = None) -> ChampionLine:
    """Returns the line of champions of a model.

    Args:
        reader: a reader of the registry.
        name: name of the registered model.
        aliases: MLflow's own aliases, if known already; they count while the history holds no change.
    """
    stored = reader.aliases(name) if aliases is None else aliases
    before = [stored[alias] for alias in (PREVIOUS, CHAMPION) if alias in stored] if CHAMPION in stored else []
    return ChampionLine.of(history_entries(reader, name), before)


def true_aliases(reader: RegistryReader, name: str) -> dict[str, int]:
    """Returns alias -> version: `champion` and `previous` of the history, all others of MLflow.

    A deleted champion has no alias; `previous` is the newest earlier champion that exists.
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
    """Returns a version by number (also as text) or alias; None if there is none."""
    aliases = true_aliases(reader, name)
    text = str(version_or_alias)
    number = int(text) if is_version(text) else aliases.get(text)
    version = None if number is None else reader.version(name, number)
    return None if version is None else with_aliases(version, aliases)


def require_version(reader: RegistryReader, name: str, version_or_alias: int | str, uri: str) -> RegisteredVersion:
    """Returns a version by number or alias.

    Raises:
        RegistryError: there is none; the text names `uri`.
    """
    version = find_version(reader, name, version_or_alias)
    if version is None:
        raise missing_version(name, version_or_alias, uri)
    return version


def missing_version(name: str, version_or_alias: int | str, uri: str) -> RegistryError:
    """Returns the error for a version that does not exist."""
    text = str(version_or_alias)
    return RegistryError(
        f"{name}: no version {text if text.isdigit() else repr(text)} in {uri}. "
        "List the versions with `ner registry list` and choose another."
    )


def with_aliases(version: RegisteredVersion, aliases: dict[str, int]) -> RegisteredVersion:
    """Returns the version with those of the aliases that point at it."""
    own = tuple(sorted(alias for alias, number in aliases.items() if number == version.version))
    return replace(version, aliases=own)
