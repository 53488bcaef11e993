"""Change of the champion by compare-and-set with a history, on a registry that offers neither.

docs/decisions/0003-history-decides.md explains the design and its guarantees.
"""

from __future__ import annotations

from typing import Any

from components.registry.champions.history import LOST, HistoryEntry
from components.registry.champions.lookup import champion_line, true_aliases
from components.registry.errors import ChampionMovedError, RegistryError
from components.registry.names import CANDIDATE, CHAMPION, HISTORY_SUFFIX, PREVIOUS, format_version
from components.registry.origin import acting_user
from components.registry.store.mlflow_entities import create_registered_model, ignoring
from components.registry.store.readers import RegistryReader

_ROUNDS = 10  # of setting the aliases while others move them
_MAX_DESCRIPTION = 5000  # size of MLflow's column


def change_champion(client: Any, reader: RegistryReader, name: str, entry: HistoryEntry) -> None:
    """Writes a change into the history if the champion is the expected one, then moves the aliases.

    A writer that is killed before the entry is written has changed nothing. One that is killed afterwards leaves old
    aliases, which this package does not read and the next change corrects.

    Args:
        client: an `MlflowClient`.
        reader: a reader of the same registry.
        name: name of the registered model.
        entry: the change; its number and time are ignored.

    Raises:
        ChampionMovedError: the champion is another version, or another writer was faster.
    """
    champion = _existing_champion(client, reader, name)
    if champion != entry.replaced:
        raise _moved(name, entry, champion)
    number = write_entry(client, name, entry)
    line = champion_line(reader, name)
    if number in line.void:
        raise _moved(name, entry, line.champion)
    settle_aliases(client, reader, name)


def settle_aliases(client: Any, reader: RegistryReader, name: str) -> None:
    """Sets MLflow's aliases to those of the history.

    Without a lock another writer may set them in between, to an older state; so this compares again until they agree.

    Raises:
        RegistryError: they do not agree after several rounds.
    """
    for _ in range(_ROUNDS):
        stored, expected = reader.aliases(name), true_aliases(reader, name)
        if CANDIDATE in expected and expected[CANDIDATE] == expected.get(CHAMPION):
            del expected[CANDIDATE]
        wrong = [alias for alias in (CHAMPION, PREVIOUS, CANDIDATE) if stored.get(alias) != expected.get(alias)]
        if not wrong:
            return
        for alias in wrong:
            if alias in expected:
                client.set_registered_model_alias(name, alias, str(expected[alias]))
            else:
                with ignoring("RESOURCE_DOES_NOT_EXIST"):
                    client.delete_registered_model_alias(name, alias)
    raise RegistryError(
        f"{name}: MLflow's aliases keep changing; the history is written and valid. Check that nobody moves them by "
        "hand, and run the command again."
    )


def write_entry(client: Any, name: str, entry: HistoryEntry) -> int:
    """Appends an entry in one transaction and returns the number that MLflow assigns to it."""
    history = name + HISTORY_SUFFIX
    create_registered_model(client, history, f"History of the model {name}, written by ner. Do not edit.")
    # MLflow requires a source. The version as source lets MLflow load the champion of that time.
    source = f"models:/{name}/{entry.version}" if entry.version else f"history:/{name}"
    created = client.create_model_version(history, source, tags=entry.to_tags(), description=_sentence(entry))
    return int(created.version)


def _existing_champion(client: Any, reader: RegistryReader, name: str) -> int | None:
    """Returns the champion; first records the loss of one that was deleted in MLflow's web interface."""
    champion = champion_line(reader, name).champion
    if champion is None or reader.version(name, champion) is not None:
        return champion
    why = f"version {champion} was deleted outside of ner"
    write_entry(client, name, HistoryEntry.new(LOST, None, champion, who=acting_user(), why=why))
    return champion_line(reader, name).champion


def _moved(name: str, entry: HistoryEntry, champion: int | None) -> ChampionMovedError:
    expected = "no champion" if entry.replaced is None else f"champion version {entry.replaced}"
    return ChampionMovedError(
        f"{name} version {entry.version}: expected {expected}, but the champion is now {format_version(champion)}. "
        "Evaluate it against that one before you promote it."
    )


def _sentence(entry: HistoryEntry) -> str:
    subject = f"{entry.action}: version {entry.version}" if entry.version else entry.action
    return f"{subject} (before: {format_version(entry.replaced)}). {entry.why}"[:_MAX_DESCRIPTION]
