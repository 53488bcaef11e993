"""Moves the champion: compare-and-set, with a history, on top of a registry that has neither.

docs/decisions/0003-history-decides.md says why it is done this way and what is guaranteed.
"""

from __future__ import annotations

import getpass
import os
import socket
from typing import Any

from components.registry.champions.history_entry import LOST, HistoryEntry
from components.registry.errors import ChampionMovedError, RegistryError
from components.registry.names import CANDIDATE, CHAMPION, HISTORY_SUFFIX, PREVIOUS
from components.registry.store.mlflow_entities import create_registered_model, ignoring
from components.registry.store.registry_reader import RegistryReader
from components.registry.store.version_lookup import champion_line, true_aliases

_ROUNDS = 10  # of putting the aliases right while others move them
_LONGEST_DESCRIPTION = 5000  # as much as MLflow's column holds


def acting_user() -> str:
    """Who runs this process: `user@machine`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def change_champion(client: Any, reader: RegistryReader, name: str, entry: HistoryEntry) -> None:
    """Writes a change into the history if the champion is still the expected one, and moves the aliases after it.

    Whoever dies before the entry is written has changed nothing; whoever dies after it leaves aliases behind that
    nobody of us reads and that the next change puts right.

    Args:
        client: An `MlflowClient`.
        reader: Reads the same registry.
        name: Name of the registered model.
        entry: The change; its number and time are ignored.

    Raises:
        ChampionMovedError: If the champion is another one, or somebody else was faster.
    """
    champion = _living_champion(client, reader, name)
    if champion != entry.replaced:
        raise ChampionMovedError(_moved(name, entry, champion))
    number = write_entry(client, name, entry)
    line = champion_line(reader, name)
    if number in line.void:
        raise ChampionMovedError(_moved(name, entry, line.champion))
    settle_aliases(client, reader, name)


def settle_aliases(client: Any, reader: RegistryReader, name: str) -> None:
    """Makes MLflow's aliases those of the history.

    Without a lock somebody may move them meanwhile, to what he thinks is the newest state; so it is looked at again
    until there is nothing to do.

    Raises:
        RegistryError: If they are moved again and again.
    """
    for _ in range(_ROUNDS):
        stored, wanted = reader.aliases(name), true_aliases(reader, name)
        if CANDIDATE in wanted and wanted[CANDIDATE] == wanted.get(CHAMPION):
            del wanted[CANDIDATE]
        wrong = [alias for alias in (CHAMPION, PREVIOUS, CANDIDATE) if stored.get(alias) != wanted.get(alias)]
        if not wrong:
            return
        for alias in wrong:
            if alias in wanted:
                client.set_registered_model_alias(name, alias, str(wanted[alias]))
            else:
                with ignoring("RESOURCE_DOES_NOT_EXIST"):
                    client.delete_registered_model_alias(name, alias)
    raise RegistryError(
        f"the aliases of {name} do not stay as they are set; the history is written and holds. Is somebody moving them "
        "by hand? Run the command again."
    )


def write_entry(client: Any, name: str, entry: HistoryEntry) -> int:
    """Appends to the history: one transaction, in which MLflow gives the entry its number.

    Returns:
        The number.
    """
    history = name + HISTORY_SUFFIX
    create_registered_model(client, history, f"What became of the versions of {name}. Written by ner; change nothing.")
    # A source is needed. Where there is a version it is that, so that MLflow can load what was champion then.
    source = f"models:/{name}/{entry.version}" if entry.version else f"history:/{name}"
    created = client.create_model_version(history, source, tags=entry.to_tags(), description=_sentence(entry))
    return int(created.version)


def _living_champion(client: Any, reader: RegistryReader, name: str) -> int | None:
    """The champion; one that was deleted in MLflow's own UI is written off first."""
    champion = champion_line(reader, name).champion
    if champion is None or reader.version(name, champion) is not None:
        return champion
    why = f"version {champion} was deleted outside of ner"
    write_entry(client, name, HistoryEntry.new(LOST, None, champion, acting_user(), why))
    return champion_line(reader, name).champion


def _moved(name: str, entry: HistoryEntry, champion: int | None) -> str:
    return (
        f"{name} version {entry.version} was to replace {_spoken(entry.replaced)}, but the champion is now "
        f"{_spoken(champion)}. Evaluate it against that one before promoting it."
    )


def _spoken(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"


def _sentence(entry: HistoryEntry) -> str:
    what = f"{entry.action}: version {entry.version}" if entry.version else entry.action
    return f"{what} (before: {_spoken(entry.replaced)}). {entry.why}"[:_LONGEST_DESCRIPTION]
