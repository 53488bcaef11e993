"""Synchronization of the serving directory with the registry."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.common.files import (
    INCOMING_PREFIX,
    fsync_path,
    incoming_folder,
    locked,
    make_shared_folder,
    rename_into_place,
)
from components.exporter.validator.fresh_process import require_safe_to_serve
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.names import CANDIDATE, CHAMPION, PREVIOUS
from components.registry.serving_directory.serving_directory import (
    MODELS_CONFIG,
    lock_file,
    models_config,
    published_versions,
    write_models_config,
)
from components.registry.store.version import RegisteredVersion
from components.registry.store.version_files import describe_damage

DAMAGED_PREFIX = ".damaged-"
"""Prefix of folders that a repair set aside. TensorFlow Serving loads only folders whose name is a number."""

_REMOVED_PREFIX = ".removed-"


@dataclass(frozen=True)
class SyncReport:
    """Changes of one synchronization.

    Attributes:
        model_dir: folder of the model in the serving directory.
        labels: label -> version in models.config.
        published: versions added to the directory.
        pruned: versions removed from it.
        unknown: versions in it that the registry does not have, or has with other files; they are not touched.
        set_aside: folders that were damaged, under their new names.
    """

    model_dir: Path
    labels: Mapping[str, int]
    published: tuple[int, ...]
    pruned: tuple[int, ...]
    unknown: tuple[int, ...]
    set_aside: tuple[Path, ...] = ()

    def folder(self, version: int) -> Path:
        """Returns the folder of a version."""
        return self.model_dir / str(version)


def sync(
    registry: ModelRegistry,
    name: str,
    base_dir: Path,
    *,
    keep: int = 2,
    wait_until_loaded: Callable[[Collection[int]], None] | None = None,
    base_path: str | None = None,
    repair: bool = False,
) -> SyncReport:
    """Publishes champion, previous version and candidate, with their aliases as version labels.

    Repeating it changes nothing. A version appears by one rename, after its tree hash was checked. `models.config` is
    replaced as a whole, never names a missing version, and is written before versions are removed. Without a champion
    nothing changes.

    Args:
        registry: the model registry.
        name: name of the registered model.
        base_dir: the serving directory; created if absent.
        keep: number of newest versions without a label that stay in the directory. TensorFlow Serving does not load
            them; a rollback to them needs no download.
        wait_until_loaded: returns when the server has loaded these versions. With it, labels move in the order that
            TensorFlow Serving requires: models.config first announces the new versions, then, when they are loaded, the
            labels. Without it, start the server with `--allow_version_labels_for_unavailable_models`.
        base_path: see `write_models_config`.
        repair: sets damaged folders of registered versions aside, under names that no server takes for a version, and
            lays them out again.

    Returns:
        The changes.

    Raises:
        RegistryError: a version's files in the registry are damaged, or without `repair` its folder in the directory.
        UnsafeModelError: a server may not load a version.
    """
    base_dir = base_dir.absolute()
    if registry.get(name, CHAMPION) is None:
        return SyncReport(base_dir / name, {}, (), (), ())
    make_shared_folder(base_dir / name)
    with locked(lock_file(base_dir, name)):
        registered = {version.version: version for version in registry.versions(name)}
        labels = _labels(registered.values())
        before = published_versions(base_dir, name)
        _remove_leftovers(base_dir / name)
        aside = _repaired(registry, registered, base_dir / name) if repair else ()
        for number in sorted(set(labels.values())):
            if check_served(registered[number], base_dir) is None:
                _lay_out(registry, registered[number], base_dir / name)
        if wait_until_loaded is not None:
            _introduce(base_dir, name, labels, wait_until_loaded, base_path)
        write_models_config(base_dir, name, labels.values(), labels, base_path)
        pruned, unknown = _prune(base_dir / name, registered, labels.values(), keep)
    published = tuple(sorted(set(labels.values()) - set(before)))
    return SyncReport(base_dir / name, labels, published, pruned, unknown, aside)


def check_directory(registry: ModelRegistry, name: str, base_dir: Path) -> None:
    """Checks that a push can publish: models.config and the folders of all versions with an alias.

    Raises:
        RegistryError: the file cannot be read, or a folder differs from its registered version.
    """
    models_config(base_dir, name)
    for version in registry.versions(name):
        if version.aliases:
            check_served(version, base_dir)


def check_served(version: RegisteredVersion, base_dir: Path) -> Path | None:
    """Returns the folder of a version in the serving directory after reading all its files; None if there is none.

    Raises:
        RegistryError: it differs from the registered version.
    """
    folder = base_dir / version.name / str(version.version)
    if not os.path.lexists(folder):
        return None
    difference = describe_damage(version, folder)
    if difference:
        raise RegistryError(
            f"{folder}: differs from {version.name} version {version.version} in the registry: {difference}. "
            "`ner registry sync --repair` sets it aside and lays it out again."
        )
    return folder


def _repaired(registry: ModelRegistry, registered: Mapping[int, RegisteredVersion], folder: Path) -> tuple[Path, ...]:
    """Replaces the damaged folders of registered versions and returns the new names of the damaged ones.

    The registry's files are fetched and checked first. A process that is killed between the two renames leaves a
    missing version, which the next synchronization lays out.
    """
    aside = []
    for number in published_versions(folder.parent, folder.name):
        target = folder / str(number)
        if number not in registered or not describe_damage(registered[number], target):
            continue
        aside.append(_free_name(folder, number))
        _lay_out(registry, registered[number], folder, aside[-1])
    for version in registered.values():
        if version.aliases:
            registry.verify(version)
    return tuple(aside)


def _lay_out(registry: ModelRegistry, version: RegisteredVersion, folder: Path, aside: Path | None = None) -> None:
    """Adds a version to the folder of its model; `aside` is the new name of a damaged copy."""
    with incoming_folder(folder / str(version.version)) as incoming:
        fetched = registry.fetch(version, incoming / str(version.version))
        require_safe_to_serve(fetched)
        target = folder / str(version.version)
        if aside is not None:
            os.rename(target, aside)
        rename_into_place(fetched, target)


def _free_name(folder: Path, number: int) -> Path:
    names = (folder / f"{DAMAGED_PREFIX}{number}-{count}" for count in itertools.count(1))
    return next(path for path in names if not os.path.lexists(path))


def _labels(versions: Collection[RegisteredVersion]) -> dict[str, int]:
    aliases = {alias: version.version for version in versions for alias in version.aliases}
    return {alias: aliases[alias] for alias in (CANDIDATE, CHAMPION, PREVIOUS) if alias in aliases}


def _introduce(
    base_dir: Path, name: str, labels: Mapping[str, int], wait: Callable[[Collection[int]], None], base_path: str | None
) -> None:
    """Lets the server load the new versions before labels move; until then the old labels stay."""
    versions, old_labels = models_config(base_dir, name)
    published = set(published_versions(base_dir, name))
    kept = {label: version for label, version in old_labels.items() if version in published}
    if kept == dict(labels):
        return
    if kept:
        write_models_config(base_dir, name, (published & set(versions)) | set(labels.values()), kept, base_path)
    else:
        write_models_config(base_dir, name, labels.values(), {}, base_path)
    wait(sorted(set(labels.values())))


def _prune(
    folder: Path, registered: Mapping[int, RegisteredVersion], labelled: Collection[int], keep: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Removes versions without a label that the registry can restore.

    Returns:
        The removed versions, and those that the registry does not know.
    """
    unlabelled = [number for number in published_versions(folder.parent, folder.name) if number not in labelled]
    known = [registered[number] for number in unlabelled if number in registered]
    unknown = [number for number in unlabelled if number not in registered]
    outdated = known[: max(len(known) - keep, 0)]
    removable = removable_copies(folder.parent, outdated)
    for number in removable:
        _remove(folder / str(number))
    unknown += [version.version for version in outdated if version.version not in removable]
    return removable, tuple(sorted(unknown))


def removable_copies(base_dir: Path, versions: Collection[RegisteredVersion]) -> tuple[int, ...]:
    """Returns the versions whose copies the registry can restore: those that equal the registered ones."""
    folders = {version.version: base_dir / version.name / str(version.version) for version in versions}
    return tuple(
        version.version
        for version in versions
        if folders[version.version].is_dir() and not describe_damage(version, folders[version.version])
    )


def remove_copies(base_dir: Path, name: str, versions: Collection[RegisteredVersion]) -> None:
    """Removes the copies of these versions that equal the registered ones, and `leftovers`.

    Raises:
        RegistryError: models.config offers one of the versions to servers.
    """
    if not (base_dir / name).is_dir():
        return
    with locked(lock_file(base_dir, name)):
        offered = {version.version for version in versions} & set(models_config(base_dir, name)[0])
        if offered:
            raise RegistryError(f"{base_dir / MODELS_CONFIG}: offers the versions {sorted(offered)}. Sync it first.")
        for folder in leftovers(base_dir, name):
            shutil.rmtree(folder)
        for number in removable_copies(base_dir, versions):
            _remove(base_dir / name / str(number))


def leftovers(base_dir: Path, name: str) -> list[Path]:
    """Returns the folders of killed processes, and those that repairs set aside."""
    prefixes = (INCOMING_PREFIX, _REMOVED_PREFIX, DAMAGED_PREFIX)
    return sorted(path for prefix in prefixes for path in (base_dir / name).glob(f"{prefix}*") if path.is_dir())


def _remove(folder: Path) -> None:
    """Removes a version, which is renamed first, so that a killed process leaves no incomplete one."""
    removed = folder.with_name(f"{_REMOVED_PREFIX}{folder.name}")
    os.rename(folder, removed)
    fsync_path(folder.parent)
    shutil.rmtree(removed)


def _remove_leftovers(folder: Path) -> None:
    """Removes folders of killed processes; the caller holds the lock."""
    for prefix in (INCOMING_PREFIX, _REMOVED_PREFIX):
        for leftover in folder.glob(f"{prefix}*"):
            shutil.rmtree(leftover)
