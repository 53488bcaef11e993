"""Runs of a pipeline, and the folders of artifacts that each of them needs, from ML Metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from components.keys import REGISTRY_VERSION
from pipeline.run.sound_metadata import open_metadata

_SYSTEM = ".system"  # TFX's folder of a node


class Place(NamedTuple):
    """Folder of an artifact below the pipeline root, wherever that is.

    Attributes:
        node: id of the node.
        output: name of the output.
        number: id of the execution that wrote it.
    """

    node: str
    output: str
    number: str

    @classmethod
    def of(cls, uri: str) -> Place | None:
        """Returns the place of an artifact's URI; None for another layout, such as a corpus."""
        parts = uri.rstrip("/").removesuffix("/value").split("/")[-3:]  # "value" is the file of TFX's value artifacts
        return cls(*parts) if len(parts) == 3 and parts[2].isascii() and parts[2].isdigit() else None


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a pipeline.

    Attributes:
        id: the run's id.
        began: start time in seconds since the epoch.
        executions: ids of its executions, cached ones included.
        artifacts: ids of all its inputs and outputs.
        versions: registered versions that it pushed, or took from the cache.
    """

    id: str
    began: float
    executions: frozenset[int]
    artifacts: frozenset[int]
    versions: frozenset[int]


class RunArtifacts:
    """Runs and artifacts in one file of ML Metadata.

    Args:
        file: the sqlite file, which must exist.
        root: the pipeline root, the folder of the artifacts.
        write: whether `mark_removed` may be called; otherwise the file is opened for reading.
    """

    def __init__(self, file: Path, root: Path, *, write: bool = False) -> None:
        """Checks the file and reads its artifacts."""
        from ml_metadata.proto import metadata_store_pb2 as mlmd

        self._root = root
        self._store = open_metadata(file, root, write=write)
        self._removed = mlmd.Artifact.DELETED
        self._artifacts: dict[int, Any] = {artifact.id: artifact for artifact in self._store.get_artifacts()}

    def runs(self) -> list[Run]:
        """Returns all runs, newest first."""
        contexts = self._store.get_contexts_by_type("pipeline_run")
        return [self._run(context) for context in sorted(contexts, key=lambda context: context.id, reverse=True)]

    def places(self, artifacts: Collection[int] | None = None) -> set[Place]:
        """Returns the folders of these artifacts; by default of all that are not removed."""
        chosen = [self._artifacts[number] for number in self._artifacts if artifacts is None or number in artifacts]
        places = {Place.of(artifact.uri) for artifact in chosen if artifact.state != self._removed}
        return {place for place in places if place is not None}

    def mark_removed(self) -> None:
        """Gives the state DELETED to each artifact whose folder below the pipeline root no longer exists.

        TFX takes nothing from the cache whose folder is absent; the state tells other readers of the metadata.
        """
        changed = []
        for artifact in self._artifacts.values():
            place = Place.of(artifact.uri)
            if place is not None and artifact.state != self._removed and not self._root.joinpath(*place).exists():
                artifact.state = self._removed
                changed.append(artifact)
        if changed:
            self._store.put_artifacts(changed)

    def _run(self, context: Any) -> Run:
        executions = self._store.get_executions_by_context(context.id)
        numbers = [execution.id for execution in executions]
        events = self._store.get_events_by_execution_ids(numbers) if numbers else []
        artifacts = frozenset(event.artifact_id for event in events)
        began = [execution.create_time_since_epoch for execution in executions] or [context.create_time_since_epoch]
        versions = {self._version(number) for number in artifacts} - {0}
        return Run(context.name, min(began) / 1000, frozenset(numbers), artifacts, frozenset(versions))

    def _version(self, artifact: int) -> int:
        properties = self._artifacts[artifact].custom_properties
        return int(properties[REGISTRY_VERSION].int_value) if REGISTRY_VERSION in properties else 0


def unneeded_folders(root: Path, needed: set[Place], executions: Collection[int], since: float) -> Iterator[Path]:
    """Yields the folders below a pipeline root that no run needs: of artifacts, and TFX's own.

    Folders with another layout are not TFX's, and stay.

    Args:
        root: the pipeline root.
        needed: folders of artifacts to keep.
        executions: ids of the executions whose own folders stay.
        since: time in seconds since the epoch; working folders with a later change stay, for a node that resumes.
    """
    names = {str(number) for number in executions}
    for node in _folders(root):
        for output in _folders(node):
            if output.name == _SYSTEM:
                yield from (path for path in _folders(output / "executor_execution") if path.name not in names)
                yield from (path for path in _folders(output / "stateful_working_dir") if newest_change(path) < since)
                continue
            for path in _folders(output):
                if (
                    path.name.isascii()
                    and path.name.isdigit()
                    and Place(node.name, output.name, path.name) not in needed
                ):
                    yield path


def _folders(parent: Path) -> list[Path]:
    return (
        sorted(path for path in parent.iterdir() if path.is_dir() and not path.is_symlink()) if parent.is_dir() else []
    )


def newest_change(path: Path) -> float:
    """Returns the time of the latest change of a path or of anything in it, in seconds since the epoch."""
    return max(file.lstat().st_mtime for file in [path, *path.rglob("*")])
