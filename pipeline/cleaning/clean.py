"""Removal of old runs, registered versions, served copies and leftovers from a work folder."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from components.common.errors import counted
from components.common.files import INCOMING_PREFIX
from components.keys import LEARNING_CURVE_FILE, MISTAKES_FILE, REPORT_JSON_FILE, SCORES_CSV_FILE, TRIALS_CSV_FILE
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_directory import models_config
from components.registry.serving_directory.serving_sync import leftovers, removable_copies, remove_copies
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig
from pipeline.cleaning.run_artifacts import Run, RunArtifacts, newest_change, unneeded_folders
from pipeline.run.relocation import metadata_file
from pipeline.run.work_lock import no_run

_TABLES = (MISTAKES_FILE, SCORES_CSV_FILE, TRIALS_CSV_FILE, REPORT_JSON_FILE, LEARNING_CURVE_FILE)  # next to a report

PINNED_TAG = "pinned"
"""Tag of a version, set in MLflow, that keeps it like an alias does."""

_REMOVED_PREFIX = ".removed-"
_BLOCK = 512  # bytes; the unit of st_blocks
_HOUR = 3600  # no command takes that long to write one file


@dataclasses.dataclass(frozen=True)
class Removal:
    """Folders and files of one kind to remove.

    Attributes:
        kind: `artifacts`, `served copies`, `registry`, `reports`, `logs`, `checkpoints`, `texts`, `downloads` or
            `leftovers`.
        text: the removed things in words.
        paths: the folders and files.
        freed: bytes on disk that become free.
    """

    kind: str
    text: str
    paths: tuple[Path, ...]
    freed: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """Things to remove, and the runs and versions that stay.

    Attributes:
        removals: in the order of the removal.
        runs: ids of the runs whose artifacts stay, newest first.
        versions: number of each version that stays -> reason in words.
        removed_versions: numbers of the versions to remove from the registry.
        notes: parts that are not cleaned, with the reason.
    """

    removals: tuple[Removal, ...]
    runs: tuple[str, ...]
    versions: Mapping[int, str]
    removed_versions: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def freed(self) -> int:
        """Bytes on disk that become free."""
        return sum(removal.freed for removal in self.removals)


def plan_removal(config: PipelineConfig, keep: int) -> Plan:
    """Returns the removals of `clean`; changes nothing.

    Args:
        config: the whole configuration.
        keep: number of newest runs, and of newest versions, to keep in addition to protected ones.

    Raises:
        NerError: registry, metadata or models.config cannot be read.
    """
    return _State(config, keep).plan()


def clean(config: PipelineConfig, keep: int) -> Plan:
    """Removes what the newest runs, the champion and other protected versions do not need.

    Artifacts go first, then served copies, then registered versions: with what a killed removal leaves, a run, a
    rollback and a synchronization work, and the next removal finishes. Each folder is renamed before its files
    are deleted, so none of them is ever incomplete under its own name.

    Args:
        config: the whole configuration.
        keep: see `plan_removal`.

    Returns:
        The removals.

    Raises:
        LockHeldError: a run uses the work folder.
        NerError: see `plan_removal`.
    """
    with no_run(config):
        state = _State(config, keep)
        plan = state.plan()
        _remove(
            (path for removal in plan.removals if removal.kind == "artifacts" for path in removal.paths), state.root
        )
        if state.metadata.is_file():
            RunArtifacts(state.metadata, state.root, write=True).mark_removed()
        remove_copies(config.serving_dir, config.name, state.unneeded)
        if any(removal.kind == "registry" for removal in plan.removals):
            state.registry.remove(config.name, plan.removed_versions)
        others = ("artifacts", "served copies", "registry")
        _remove(path for removal in plan.removals if removal.kind not in others for path in removal.paths)
    return plan


class FreedBytes:
    """Counter of the bytes that the removal of paths, one by one, frees.

    A file with several hard links takes space until the last of them is removed.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "a").write_bytes(b"x" * 8192)
        >>> os.link(folder / "a", folder / "b")
        >>> freed = FreedBytes()
        >>> freed.add([folder / "a"]), freed.add([folder / "b"]) >= 8192
        (0, True)
    """

    def __init__(self) -> None:
        """Begins without a removed path."""
        self._links: Counter[tuple[int, int]] = Counter()

    def add(self, paths: Iterable[Path]) -> int:
        """Returns the bytes that become free when these paths are removed as well."""
        return sum(self._file(file) for path in paths for file in _files_of(path))

    def _file(self, file: Path) -> int:
        status = file.lstat()
        self._links[status.st_dev, status.st_ino] += 1
        return status.st_blocks * _BLOCK if self._links[status.st_dev, status.st_ino] == status.st_nlink else 0


def _files_of(path: Path) -> Iterable[Path]:
    if path.is_symlink() or not path.is_dir():
        return [path]
    return [Path(parent, name) for parent, _, names in os.walk(path) for name in names]


class _State:
    """Runs, versions and folders at one time."""

    def __init__(self, config: PipelineConfig, keep: int) -> None:
        """Names the places; reads them later."""
        self.config, self.keep = config, keep
        self.work = config.root
        self.root = self.work / "artifacts"
        self.metadata = metadata_file(config)
        self.registry = ModelRegistry(config.registry_uri)
        self.freed = FreedBytes()

    @cached_property
    def recorded(self) -> RunArtifacts | None:
        return RunArtifacts(self.metadata, self.root) if self.metadata.is_file() else None

    @cached_property
    def registered(self) -> dict[int, RegisteredVersion]:
        return {version.version: version for version in self.registry.versions(self.config.name)}

    @cached_property
    def all_runs(self) -> list[Run]:
        return self.recorded.runs() if self.recorded else []

    @cached_property
    def newest_runs(self) -> list[Run]:
        return self.all_runs[: self.keep]

    @cached_property
    def since(self) -> float:
        """Start of the oldest of the newest runs; 0 if there are not more."""
        return min((run.began for run in self.newest_runs), default=0.0) if len(self.all_runs) > self.keep else 0.0

    @cached_property
    def protected(self) -> dict[int, str]:
        """Versions that are in use, and the reason."""
        reasons = dict.fromkeys(models_config(self.config.serving_dir, self.config.name)[0], "in models.config")
        for number, version in self.registered.items():
            if version.tags.get(PINNED_TAG, "false").lower() not in ("", "false"):
                reasons[number] = "pinned"
            if version.aliases:
                reasons[number] = ", ".join(version.aliases)
        return {number: reason for number, reason in reasons.items() if number in self.registered}

    @cached_property
    def runs(self) -> list[Run]:
        """Runs whose artifacts stay: the newest, and those that built a version in use."""
        return [run for run in self.all_runs if run in self.newest_runs or run.versions & set(self.protected)]

    @cached_property
    def versions(self) -> dict[int, str]:
        """Versions that stay: those in use, the newest, and those that a repeated run takes from its cache."""
        kept = dict.fromkeys(sorted(self.registered)[-self.keep :], "newest")
        of_runs = {number for run in self.runs for number in run.versions if number in self.registered}
        return dict(sorted((dict.fromkeys(of_runs, "of a kept run") | kept | self.protected).items()))

    @cached_property
    def unneeded(self) -> list[RegisteredVersion]:
        return [version for number, version in self.registered.items() if number not in self.versions]

    def plan(self) -> Plan:
        notes = []
        removed = tuple(version.version for version in self.unneeded)
        if self.registry.database is None:
            removed = ()
            notes.append(
                f"registry {self.registry.uri}: not cleaned, because other machines share it. Remove versions there."
            )
        if self.root.is_dir() and not self.metadata.is_file():
            notes.append(f"{self.root}: not cleaned, because {self.metadata}, which names the runs, is missing.")
        removals = (self._artifacts(), self._served(), self._registry(removed), *self._files())
        removals = tuple(removal for removal in removals if removal.text)
        return Plan(removals, tuple(run.id for run in self.runs), self.versions, removed, tuple(notes))

    def _removal(self, kind: str, text: str, paths: Iterable[Path]) -> Removal:
        """Returns a removal after the earlier ones; one without a text is of nothing."""
        paths = tuple(paths)
        return Removal(kind, text, paths, self.freed.add(paths))

    def _artifacts(self) -> Removal:
        if self.recorded is None:
            return self._removal("artifacts", "", ())
        artifacts = {number for run in self.runs for number in run.artifacts}
        needed = self.recorded.places(artifacts)
        executions = {number for run in self.runs for number in run.executions}
        for file in sorted(self.metadata.parent.glob("*.sqlite")):  # other pipelines with this work folder
            if file != self.metadata:
                other = RunArtifacts(file, self.root)
                needed |= other.places()
                executions |= {number for run in other.runs() for number in run.executions}
        folders = unneeded_folders(self.root, needed, executions, self.since)
        paths = [*folders, *sorted(self.root.glob(f"{_REMOVED_PREFIX}*"))]
        older = len(self.all_runs) - len(self.runs)
        text = f"{_count(paths, 'folder')} of {older} older and of killed runs" if paths else ""
        return self._removal("artifacts", text, paths)

    def _served(self) -> Removal:
        base = self.config.serving_dir
        numbers, rest = removable_copies(base, self.unneeded), leftovers(base, self.config.name)
        text = _texts(_versions(numbers), _count(rest, "damaged or incomplete copy") if rest else "")
        copies = (base / self.config.name / str(number) for number in numbers)
        return self._removal("served copies", text, (*copies, *rest))

    def _registry(self, removed: Collection[int]) -> Removal:
        if self.registry.database is None:
            return self._removal("registry", "", ())
        folders = self.registry.stored_folders(self.config.name, removed)
        incomplete = len(folders.get(None, []))
        text = _texts(_versions(removed), f"{counted(incomplete, 'upload')} without a version" if incomplete else "")
        return self._removal("registry", text, (path for own in folders.values() for path in own if path.is_dir()))

    def _files(self) -> Iterator[Removal]:
        kept = tuple(f"{run.id.replace(':', '-')}." for run in self.runs)  # a page and its tables
        patterns = ("*.html", *(f"*.{name}" for name in _TABLES))
        written = (path for pattern in patterns for path in _entries(self.work / "reports", pattern))
        reports = [path for path in written if not path.name.startswith(kept)]
        logs = _entries(self.work / "logs", "*.log")[: -self.keep]
        checkpoints = [path for path in _entries(self.work / "checkpoints", "*") if newest_change(path) < self.since]
        texts = sorted(_entries(self.work / "unlabelled", "*.jsonl.gz"), key=newest_change)[: -self.keep]
        downloads = [
            path
            for path in _entries(self.config.fetched_dir / self.config.name, "*")
            if path.name.split("-")[0].isdigit() and int(path.name.split("-")[0]) not in self.protected
        ]
        for kind, noun, paths in (
            ("reports", "report", reports),
            ("logs", "log", logs),
            ("checkpoints", "state of an older training that did not end", checkpoints),
            ("texts", "file of unlabelled texts", texts),  # a run that needs it writes it again
            ("downloads", "download from a remote registry", downloads),
            ("leftovers", "file of a killed command", list(self._leftovers())),
        ):
            yield self._removal(kind, _count(paths, noun) if paths else "", paths)

    def _leftovers(self) -> Iterator[Path]:
        """Yields what killed commands left outside of artifacts, registry and serving directory."""
        now = time.time()
        for name in ("reports", "retrain", "checkpoints", "unlabelled", "fetched", f"fetched/{self.config.name}"):
            yield from _entries(self.work / name, f"{_REMOVED_PREFIX}*")
            for path in _entries(self.work / name, f"{INCOMING_PREFIX}*"):
                if now - newest_change(path) > _HOUR:
                    yield path


def _entries(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def _versions(numbers: Iterable[int]) -> str:
    names = ", ".join(map(str, sorted(numbers)))
    return f"version {names}" if names else ""


def _texts(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _count(things: Collection[object], noun: str) -> str:
    first, space, rest = noun.partition(" ")  # "states of an older training"
    return counted(len(things), noun, f"{noun[:-1]}ies" if noun.endswith("copy") else f"{first}s{space}{rest}")


def _remove(paths: Iterable[Path], hidden: Path | None = None) -> None:
    """Removes files, and folders after renaming them.

    Args:
        paths: the files and folders.
        hidden: folder on the same file system for the renamed folders; default: the parent of each.
    """
    for path in paths:
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            continue
        folder = path
        if not path.name.startswith(_REMOVED_PREFIX):
            folder = (hidden or path.parent) / f"{_REMOVED_PREFIX}{uuid.uuid4().hex}"
            os.rename(path, folder)
        shutil.rmtree(folder)
