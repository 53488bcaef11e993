"""Makes the directory that TF Serving watches follow the registry."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.common.files import INCOMING_PREFIX, fsync_path, locked
from components.common.hashing import tree_hash
from components.registry.names import CANDIDATE, CHAMPION, PREVIOUS
from components.registry.serving_directory.serving_directory import (
    lock_file,
    models_config,
    published_versions,
    write_models_config,
)
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.registered_version import RegisteredVersion

_REMOVED_PREFIX = ".removed-"


@dataclass(frozen=True)
class SyncReport:
    """What a synchronisation did.

    Attributes:
        model_dir: Folder of the model in the serving directory.
        labels: Label -> version, as TF Serving is told.
        published: Versions that were brought into the directory.
        pruned: Versions that were removed from it.
        strange: Versions there that the registry does not have, or has with other files; they are left alone.
    """

    model_dir: Path
    labels: Mapping[str, int]
    published: tuple[int, ...]
    pruned: tuple[int, ...]
    strange: tuple[int, ...]

    def folder(self, version: int) -> Path:
        """Folder of a version."""
        return self.model_dir / str(version)


def sync(
    registry: ModelRegistry,
    name: str,
    base_dir: Path,
    keep: int = 2,
    wait_until_loaded: Callable[[Collection[int]], None] | None = None,
    base_path: str | None = None,
) -> SyncReport:
    """Lays out champion, previous version and candidate for TF Serving, with their aliases as version labels.

    Done again, it changes nothing. A version appears by one rename, after its tree hash was checked; `models.config` is
    replaced as a whole, never names a version that is not there, and is written before anything is removed. Without a
    champion nothing is touched.

    Args:
        registry: The model registry.
        name: Name of the registered model.
        base_dir: The serving directory; created when absent.
        keep: How many of the newest versions stay in the directory beside those that have a label. TF Serving does not
            load them; a way back to them needs no download.
        wait_until_loaded: Returns when the server has loaded these versions. With it, labels move the way TF Serving
            asks for: first it is told of the new versions, and when it has them, of the labels. Without it, start the
            server with `--allow_version_labels_for_unavailable_models`.
        base_path: See `write_models_config`.

    Returns:
        What was done.

    Raises:
        RegistryError: If a version's files are damaged, or the directory holds another model under its number.
    """
    base_dir = base_dir.absolute()
    if registry.get(name, CHAMPION) is None:
        return SyncReport(base_dir / name, {}, (), (), ())
    with locked(lock_file(base_dir, name)):
        registered = {version.version: version for version in registry.versions(name)}
        labels = _labels(registered.values())
        before = published_versions(base_dir, name)
        _remove_leftovers(base_dir / name)
        for number in sorted(set(labels.values())):
            registry.fetch(registered[number], base_dir / name / str(number))
        if wait_until_loaded is not None:
            _introduce(base_dir, name, labels, wait_until_loaded, base_path)
        write_models_config(base_dir, name, labels.values(), labels, base_path)
        pruned, strange = _prune(base_dir / name, registered, labels.values(), keep)
    published = tuple(sorted(set(labels.values()) - set(before)))
    return SyncReport(base_dir / name, labels, published, pruned, strange)


def _labels(versions: Collection[RegisteredVersion]) -> dict[str, int]:
    aliases = {alias: version.version for version in versions for alias in version.aliases}
    return {alias: aliases[alias] for alias in (CANDIDATE, CHAMPION, PREVIOUS) if alias in aliases}


def _introduce(
    base_dir: Path, name: str, labels: Mapping[str, int], wait: Callable[[Collection[int]], None], base_path: str | None
) -> None:
    """Has the server load the new versions while the old labels stay, where there are old labels that will move."""
    versions, old_labels = models_config(base_dir, name)
    there = set(published_versions(base_dir, name))
    kept = {label: version for label, version in old_labels.items() if version in there}
    if kept == dict(labels):
        return
    if kept:
        write_models_config(base_dir, name, (there & set(versions)) | set(labels.values()), kept, base_path)
    else:
        write_models_config(base_dir, name, labels.values(), {}, base_path)
    wait(sorted(set(labels.values())))


def _prune(
    folder: Path, registered: Mapping[int, RegisteredVersion], labelled: Collection[int], keep: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Removes what the registry can give back at any time.

    Returns:
        The versions that were removed, and those that the registry does not know.
    """
    there = published_versions(folder.parent, folder.name)
    unlabelled = [number for number in there if number not in labelled]
    known = [number for number in unlabelled if number in registered]
    strange = [number for number in unlabelled if number not in registered]
    pruned = []
    for number in known[: max(len(known) - keep, 0)]:
        if tree_hash(folder / str(number)) != registered[number].tree_hash:
            strange.append(number)
            continue
        # Renamed first: whoever dies while removing leaves no half version.
        removed = folder / f"{_REMOVED_PREFIX}{number}"
        os.rename(folder / str(number), removed)
        fsync_path(folder)
        shutil.rmtree(removed)
        pruned.append(number)
    return tuple(pruned), tuple(sorted(strange))


def _remove_leftovers(folder: Path) -> None:
    """What killed processes left behind; the lock is held, so nobody is at work there."""
    for prefix in (INCOMING_PREFIX, _REMOVED_PREFIX):
        for leftover in folder.glob(f"{prefix}*"):
            shutil.rmtree(leftover)
