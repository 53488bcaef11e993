"""The champions of one model: promotion, rollback, and the history of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components.registry import names
from components.registry.champions import lookup
from components.registry.champions.champion_changes import change_champion, settle_aliases, write_entry
from components.registry.champions.history import PROMOTED, ROLLED_BACK, ChampionLine, HistoryEntry
from components.registry.errors import PromotionRefusedError, RegistryError
from components.registry.origin import acting_user
from components.registry.store.mlflow_entities import create_registered_model
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.readers import RegistryReader
from components.registry.store.version import RegisteredVersion
from components.registry.store.version_files import verify


class Champions:
    """Champion and history of a registered model; `ModelRegistry.champions` creates it.

    Args:
        store: the MLflow store.
        name: name of the registered model.

    tests/components/registry/champions/test_champions.py shows every operation.
    """

    def __init__(self, store: MlflowStore, name: str) -> None:
        """Opens nothing."""
        self._store = store
        self._name = name

    def history(self) -> tuple[HistoryEntry, ...]:
        """Returns all entries, oldest first.

        Raises:
            RegistryError: the store cannot be read.
        """
        if self._store.is_empty():
            return ()
        with self._store.reader() as reader:
            return lookup.history_entries(reader, self._name)

    def line(self) -> ChampionLine:
        """Returns the champion, the champions before it, and the entries that do not count.

        Raises:
            RegistryError: the store cannot be read.
        """
        if self._store.is_empty():
            return ChampionLine()
        with self._store.reader() as reader:
            return lookup.champion_line(reader, self._name)

    def moved_aliases(self) -> dict[str, int | None]:
        """Returns those of MLflow's aliases `champion` and `previous` that differ from the history.

        Somebody moved them by hand, or a writer was killed; the next promotion or rollback corrects them.

        Raises:
            RegistryError: the store cannot be read.
        """
        if self._store.is_empty():
            return {}
        with self._store.reader() as reader:
            stored, expected = reader.aliases(self._name), lookup.true_aliases(reader, self._name)
        return {
            alias: stored.get(alias)
            for alias in (names.CHAMPION, names.PREVIOUS)
            if stored.get(alias) != expected.get(alias)
        }

    def outside_changes(self) -> tuple[str, ...]:
        """Returns the changes that were made with MLflow's own means and that the history does not know.

        Each is a sentence with its effect and remedy. The history stays valid until `adopt`, a promotion or a rollback.

        Raises:
            RegistryError: the store cannot be read.
        """
        if self._store.is_empty():
            return ()
        with self._store.reader() as reader:
            champion = lookup.champion_line(reader, self._name).champion
            if champion is not None and not reader.has_model(self._name):
                return (
                    f"the history names version {champion} as champion, but the registered model {self._name!r} was "
                    "deleted or renamed in MLflow. Rename it back.",
                )
            lost = champion is not None and reader.version(self._name, champion) is None
        changes = []
        if lost:
            changes.append(
                f"the champion, version {champion}, was deleted outside of ner. There is no champion and no baseline "
                "until the next promotion; `ner registry rollback --to` restores an earlier one."
            )
        for alias, version in self.moved_aliases().items():
            target = "was deleted" if version is None else f"points to version {version}"
            takes = alias == names.CHAMPION and version is not None and not (lost and version == champion)
            adopt = "`ner registry adopt --why ...` takes it into the history; " if takes else ""
            changes.append(
                f"MLflow's alias {alias} {target}; the history says {names.format_version(self._expected(alias))}, and "
                f"it decides. The alias was changed by hand, or a change was interrupted. {adopt}"
                f"{'a' if adopt else 'A'} promotion or rollback sets the alias back."
            )
        return tuple(changes)

    def _expected(self, alias: str) -> int | None:
        with self._store.reader() as reader:
            return lookup.true_aliases(reader, self._name).get(alias)

    def adopt(self, why: str, *, who: str = "") -> RegisteredVersion:
        """Makes the version the champion to which somebody moved MLflow's alias `champion`.

        The history records it as a forced promotion: MLflow checks no blessing and keeps no author.

        Args:
            why: the reason, for the history.
            who: the person; default: the user of this process.

        Returns:
            The version as champion.

        Raises:
            ChampionMovedError: another writer moved the champion at the same moment.
            RegistryError: the alias is missing or agrees with the history, or the version's files are damaged.
        """
        with self._store.reader() as reader:
            expected = lookup.true_aliases(reader, self._name).get(names.CHAMPION)
            target = reader.aliases(self._name).get(names.CHAMPION)
            if target is None or target == expected:
                problem = "there is none" if target is None else "it agrees with the history"
                raise RegistryError(
                    f"{self._name}: MLflow's alias {names.CHAMPION} cannot be adopted, {problem}. "
                    "Promote a version with `ner registry promote`."
                )
            version = lookup.require_version(reader, self._name, target, self._store.uri)
        text = f"adopted from MLflow's alias: {why}"
        entry = HistoryEntry.new(PROMOTED, target, expected, who=who or acting_user(), why=text, forced=True)
        return self._change(version, entry)

    def promote(
        self, version: int, expected: int | None, why: str = "", *, who: str = "", force: bool = False
    ) -> RegisteredVersion:
        """Makes a version the champion if the champion is still the expected one (compare-and-set).

        Reads and hashes the stored files first. Promoting the champion again is not an error.

        Args:
            version: the version to promote.
            expected: the champion to replace; None if there is none.
            why: the reason, for the history.
            who: the person or run; default: the user of this process.
            force: promotes without a blessing, or with one against another champion; needs a reason.

        Returns:
            The version as champion.

        Raises:
            ChampionMovedError: the champion is another version.
            PromotionRefusedError: it is not blessed, not against that champion, or was rolled back.
            RegistryError: there is no such version, or its files are damaged.
        """
        entry = HistoryEntry.new(PROMOTED, version, expected, who=who or acting_user(), why=why, forced=force)
        with self._store.reader() as reader:
            promoted = lookup.require_version(reader, self._name, version, self._store.uri)
            champion = lookup.find_version(reader, self._name, names.CHAMPION)
            line = lookup.champion_line(reader, self._name)
        refusal = "" if names.CHAMPION in promoted.aliases else refusal_to_promote(promoted, champion, entry, line)
        if refusal:
            raise PromotionRefusedError(refusal)
        return self._change(promoted, entry)

    def rollback(self, to: int | None = None, why: str = "", *, who: str = "") -> RegisteredVersion:
        """Makes an earlier champion the champion again.

        Args:
            to: the version; default: the champion before the current one, without champions that were rolled back.
            why: the reason, for the history.
            who: the person or run; default: the user of this process.

        Returns:
            The version as champion.

        Raises:
            ChampionMovedError: another writer moved the champion at the same moment.
            RegistryError: there is no earlier champion, `to` was never champion, or its files are damaged.
        """
        if self._store.is_empty():
            raise RegistryError(
                f"{self._name}: the registry {self._store.uri} is empty, so there is no earlier champion. "
                "Check registry.uri."
            )
        with self._store.reader() as reader:
            aliases = lookup.true_aliases(reader, self._name)
            ever = lookup.champion_line(reader, self._name).ever
            target = aliases.get(names.PREVIOUS) if to is None else to
            if target is None:
                raise RegistryError(f"{self._name}: no earlier champion. See `ner registry history`.")
            restored = lookup.require_version(reader, self._name, target, self._store.uri)
        if target not in ever:
            known = ", ".join(map(str, ever)) or "none"
            raise RegistryError(
                f"{self._name} version {target}: was never champion (champions were: {known}). Promote it, or choose "
                "one of these."
            )
        entry = HistoryEntry.new(ROLLED_BACK, target, aliases.get(names.CHAMPION), who=who or acting_user(), why=why)
        return self._change(restored, entry)

    def note(self, action: str, why: str, *, version: int | None = None, who: str = "") -> None:
        """Records an event that does not change the champion: a refused model, a stopped run.

        The same note twice in a row is written once.

        Raises:
            RegistryError: the store cannot be written.
        """
        with self._writing() as (client, reader):
            create_registered_model(client, self._name)
            champion = lookup.champion_line(reader, self._name).champion
            entry = HistoryEntry.new(action, version, champion, who=who or acting_user(), why=why)
            before = lookup.history_entries(reader, self._name)[-1:]
            if not before or before[0].to_tags() != entry.to_tags():
                write_entry(client, self._name, entry)

    def _change(self, version: RegisteredVersion, entry: HistoryEntry) -> RegisteredVersion:
        if names.CHAMPION not in version.aliases:
            verify(self._store, version)
        with self._writing() as (client, reader):
            if lookup.champion_line(reader, self._name).champion == version.version:
                settle_aliases(client, reader, self._name)
            else:
                change_champion(client, reader, self._name, entry)
            return lookup.require_version(reader, self._name, version.version, self._store.uri)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Any, RegistryReader]]:
        with self._store.client(write=True) as client, self._store.reader() as reader:
            yield client, reader


def refusal_to_promote(
    version: RegisteredVersion, champion: RegisteredVersion | None, entry: HistoryEntry, line: ChampionLine
) -> str:
    """Returns the reason to refuse a promotion, or "".

    A blessing counts against the champion that it was given against. It also counts against a champion with the same
    run fingerprint, which passed the same comparison, so a repeated training may replace it. A version that was rolled
    back needs a forced promotion.

    Args:
        version: the version to promote.
        champion: the champion.
        entry: the requested promotion.
        line: the line of champions.

    Raises:
        RegistryError: the version's tag `baseline_version` is not a version.
    """
    subject = f"{version.name} version {version.version}"
    if entry.forced:
        return "" if entry.why.strip() else f"{subject}: a promotion without a valid blessing needs a reason. Give one."
    if version.version in line.taken_back:
        return (
            f"{subject}: was rolled back, so its blessing does not count any more. Make it the champion again with "
            f"`ner registry rollback --to {version.version}`, or promote it with "
            "--force-blessing and the reason in --why."
        )
    if not version.blessed:
        return (
            f"{subject}: not blessed by an evaluation. Evaluate it, or promote it with --force-blessing and the reason "
            "in --why."
        )
    baseline = names.parse_version(version.tags.get(names.BASELINE_VERSION_TAG, ""))
    fingerprint = version.tags.get(names.RUN_FINGERPRINT_TAG)
    repeated = champion is not None and fingerprint and champion.tags.get(names.RUN_FINGERPRINT_TAG) == fingerprint
    if baseline == entry.replaced or (repeated and champion is not None and champion.version == entry.replaced):
        return ""
    return (
        f"{subject}: was blessed against {names.format_version(baseline)} and would replace "
        f"{names.format_version(entry.replaced)}. Evaluate it against that one, or promote it with "
        "--force-blessing and the reason in --why."
    )
