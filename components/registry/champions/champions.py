"""The champions of one model: promote, roll back, and the history of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components.registry.champions.champion_changes import acting_user, change_champion, settle_aliases, write_entry
from components.registry.champions.champion_line import ChampionLine
from components.registry.champions.history_entry import PROMOTED, ROLLED_BACK, HistoryEntry
from components.registry.champions.promotion_rules import refusal_to_promote
from components.registry.errors import PromotionRefusedError, RegistryError
from components.registry.names import CHAMPION, PREVIOUS
from components.registry.store.mlflow_entities import create_registered_model
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.registry_reader import RegistryReader
from components.registry.store.version_files import verify
from components.registry.store.version_lookup import (
    champion_line,
    find_version,
    history_entries,
    require_version,
    true_aliases,
)


class Champions:
    """Changes the champion of a registered model, and tells how it came about; `ModelRegistry.champions` makes one.

    Args:
        store: Where the registry lies.
        name: Name of the registered model.
    """

    def __init__(self, store: MlflowStore, name: str) -> None:
        """Opens nothing."""
        self._store = store
        self._name = name

    def history(self) -> tuple[HistoryEntry, ...]:
        """What happened, oldest first.

        Raises:
            RegistryError: If the store cannot be read.
        """
        if self._store.is_empty():
            return ()
        with self._store.reader() as reader:
            return history_entries(reader, self._name)

    def line(self) -> ChampionLine:
        """What the history adds up to: the champion, the way back, and which entries came too late.

        Raises:
            RegistryError: If the store cannot be read.
        """
        if self._store.is_empty():
            return ChampionLine()
        with self._store.reader() as reader:
            return champion_line(reader, self._name)

    def moved_aliases(self) -> dict[str, int | None]:
        """Those of `champion` and `previous` that MLflow shows otherwise than the history has them, as MLflow has them.

        Somebody moved them by hand, or a writer was killed; the next promotion or rollback puts them right.

        Raises:
            RegistryError: If the store cannot be read.
        """
        if self._store.is_empty():
            return {}
        with self._store.reader() as reader:
            stored, wanted = reader.aliases(self._name), true_aliases(reader, self._name)
        return {alias: stored.get(alias) for alias in (CHAMPION, PREVIOUS) if stored.get(alias) != wanted.get(alias)}

    def promote(
        self, version: int, expected: int | None, why: str = "", *, who: str = "", force: bool = False
    ) -> RegisteredVersion:
        """Makes a version the champion if the champion is still the expected one (compare-and-set).

        The stored files are read and hashed before. A version that is the champion already stays it, whatever was
        expected.

        Args:
            version: The version to promote.
            expected: The champion that it is to replace; None if there is none.
            why: The reason, for the history.
            who: Who did it; by default the user of this process.
            force: Promotes without a blessing, or with one that was won against another champion; needs a reason.

        Returns:
            The version as champion.

        Raises:
            ChampionMovedError: If the champion is another one.
            PromotionRefusedError: If it is not blessed, not against that champion, or was rolled back.
            RegistryError: If there is no such version, or its files are damaged.
        """
        entry = HistoryEntry.new(PROMOTED, version, expected, who or acting_user(), why, force)
        with self._store.reader() as reader:
            wanted = require_version(reader, self._name, version, self._store.uri)
            champion = find_version(reader, self._name, CHAMPION)
            line = champion_line(reader, self._name)
        refusal = "" if CHAMPION in wanted.aliases else refusal_to_promote(wanted, champion, entry, line)
        if refusal:
            raise PromotionRefusedError(refusal)
        return self._change(wanted, entry)

    def rollback(self, to: int | None = None, why: str = "", *, who: str = "") -> RegisteredVersion:
        """Makes an earlier champion the champion again.

        Args:
            to: Which; None for the one before the present champion, champions that were rolled back left out.
            why: The reason, for the history.
            who: Who did it; by default the user of this process.

        Returns:
            The version as champion.

        Raises:
            ChampionMovedError: If somebody else moved the champion in the same moment.
            RegistryError: If there is nothing to go back to, `to` was never champion, or its files are damaged.
        """
        if self._store.is_empty():
            raise RegistryError(f"{self._name}: the registry {self._store.uri} is empty, so there is no way back.")
        with self._store.reader() as reader:
            aliases = true_aliases(reader, self._name)
            ever = champion_line(reader, self._name).ever
            target = aliases.get(PREVIOUS) if to is None else to
            if target is None:
                raise RegistryError(f"{self._name}: there is no champion to go back to; see `ner registry history`.")
            wanted = require_version(reader, self._name, target, self._store.uri)
        if target not in ever:
            known = ", ".join(map(str, ever)) or "none"
            raise RegistryError(
                f"{self._name} version {target} was never champion (these were: {known}). Promote it, or choose one."
            )
        entry = HistoryEntry.new(ROLLED_BACK, target, aliases.get(CHAMPION), who or acting_user(), why)
        return self._change(wanted, entry)

    def note(self, action: str, why: str, *, version: int | None = None, who: str = "") -> None:
        """Writes into the history what changed no champion: a refused model, a stopped run.

        The same note twice in a row is written once: a push that is repeated says nothing new.

        Raises:
            RegistryError: If the store cannot be written.
        """
        with self._writing() as (client, reader):
            create_registered_model(client, self._name)
            champion = champion_line(reader, self._name).champion
            entry = HistoryEntry.new(action, version, champion, who or acting_user(), why)
            before = history_entries(reader, self._name)[-1:]
            if not before or before[0].to_tags() != entry.to_tags():
                write_entry(client, self._name, entry)

    def _change(self, wanted: RegisteredVersion, entry: HistoryEntry) -> RegisteredVersion:
        if CHAMPION not in wanted.aliases:
            verify(self._store, wanted)
        with self._writing() as (client, reader):
            if champion_line(reader, self._name).champion == wanted.version:
                settle_aliases(client, reader, self._name)
            else:
                change_champion(client, reader, self._name, entry)
            return require_version(reader, self._name, wanted.version, self._store.uri)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Any, RegistryReader]]:
        with self._store.client(write=True) as client, self._store.reader() as reader:
            yield client, reader
