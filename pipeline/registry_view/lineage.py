"""Where a registered version comes from and what it was used for, out of ML Metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from components.registry.store.registered_version import RegisteredVersion

_PUSHER, _CHAMPION_SOURCE = "RegistryPusher", "ChampionSource"
_ROLES = {"Trainer": "warm start", "DriftValidator": "drift's reference"}  # of all others: baseline
# What TFX notes on every artifact and execution; it says nothing about the model.
_TFX_NOTES = frozenset({"tfx_version", "is_external", "name", "state", "pipeline_name", "producer_component"})


@dataclasses.dataclass(frozen=True)
class LineageNode:
    """One step on the way to a version.

    Attributes:
        name: the node's id.
        settings: its parameters.
        outputs: output name -> (URI, properties) of what it made.
    """

    name: str
    settings: Mapping[str, Any]
    outputs: Mapping[str, tuple[str, Mapping[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Usage:
    """A run that the version was an input of.

    Attributes:
        run: id of the pipeline run.
        roles: what for: `baseline`, `warm start`, `drift's reference`.
        outcome: what that run came to, in words.
    """

    run: str
    roles: tuple[str, ...]
    outcome: str


@dataclasses.dataclass(frozen=True)
class Lineage:
    """The way to a version and on from it.

    Attributes:
        runs: ids of the runs that made it, or that got it from the cache.
        nodes: the steps, each after its inputs.
        usages: in the order of the runs.
    """

    runs: tuple[str, ...]
    nodes: tuple[LineageNode, ...]
    usages: tuple[Usage, ...]


def read_lineage(metadata_path: Path, registry_uri: str, version: RegisteredVersion) -> Lineage | None:
    """Reads the lineage of a version.

    Args:
        metadata_path: sqlite file of ML Metadata.
        registry_uri: address of the registry, as the pusher knows it.
        version: the version.

    Returns:
        The lineage; None if there is no such file, or the version was not pushed by a run that it knows.
    """
    if not metadata_path.is_file():
        return None
    graph = _Graph(metadata_path)
    pushed = graph.artifacts(_PUSHER, registry_uri, version, {"registry_version": version.version})
    if not pushed:
        return None
    makers = graph.makers(pushed)
    nodes = graph.upstream(min(makers, key=lambda execution: execution.id))
    runs = sorted({run for execution in makers for run in graph.runs_of(execution.id)})
    sources = graph.artifacts(_CHAMPION_SOURCE, registry_uri, version, {"version": version.version})
    return Lineage(tuple(runs), tuple(nodes), tuple(_usages(graph, sources)))


def _usages(graph: _Graph, sources: list[Any]) -> Iterable[Usage]:
    runs: dict[str, set[str]] = {}
    for execution in graph.makers(sources):
        for run in graph.runs_of(execution.id):
            runs.setdefault(run, set()).update(graph.roles(run, {source.id for source in sources}))
    for run, roles in sorted(runs.items()):
        yield Usage(run, tuple(sorted(roles)), graph.outcome(run))


class _Graph:
    """The few questions that are asked of ML Metadata here."""

    def __init__(self, path: Path) -> None:
        from ml_metadata import metadata_store
        from ml_metadata.proto import metadata_store_pb2 as mlmd

        read_only = mlmd.SqliteMetadataSourceConfig.READONLY
        source = mlmd.SqliteMetadataSourceConfig(filename_uri=str(path), connection_mode=read_only)
        self._store = metadata_store.MetadataStore(mlmd.ConnectionConfig(sqlite=source))
        self._input, self._output = mlmd.Event.INPUT, mlmd.Event.OUTPUT
        self._good = (mlmd.Execution.COMPLETE, mlmd.Execution.CACHED)
        self._complete = mlmd.Execution.COMPLETE
        self._kinds = {kind.id: kind.name.rsplit(".", 1)[-1] for kind in self._store.get_execution_types()}

    def artifacts(
        self, node: str, registry_uri: str, version: RegisteredVersion, wanted: Mapping[str, Any]
    ) -> list[Any]:
        """The outputs of a kind of node for this registered model that have the wanted properties."""
        found = {}
        for execution in self._store.get_executions():
            settings = _plain(execution)
            if self._kinds[execution.type_id] != node or settings.get("registry_uri") != registry_uri:
                continue
            if settings.get("model_name") != version.name or execution.last_known_state not in self._good:
                continue
            for _, artifact in self._linked(execution.id, self._output):
                if wanted.items() <= _plain(artifact).items():
                    found[artifact.id] = artifact
        return list(found.values())

    def makers(self, artifacts: list[Any]) -> list[Any]:
        """The executions that gave out one of the artifacts, from the cache too."""
        if not artifacts:
            return []
        events = self._store.get_events_by_artifact_ids([artifact.id for artifact in artifacts])
        numbers = {event.execution_id for event in events if event.type == self._output}
        executions = self._store.get_executions_by_id(sorted(numbers))
        return [execution for execution in executions if execution.last_known_state in self._good]

    def upstream(self, execution: Any) -> list[LineageNode]:
        """The execution and everything before it, each after its inputs."""
        nodes: dict[int, LineageNode] = {}

        def visit(current: Any) -> None:
            if current.id in nodes:
                return
            for _, artifact in self._linked(current.id, self._input):
                makers = [maker for maker in self.makers([artifact]) if maker.last_known_state == self._complete]
                for maker in makers[:1]:
                    visit(maker)
            nodes[current.id] = self._node(current)

        visit(execution)
        return list(nodes.values())

    def runs_of(self, execution_id: int) -> list[str]:
        """Ids of the runs in which an execution took part."""
        contexts = self._store.get_contexts_by_execution(execution_id)
        return [context.name for context in contexts if context.type == "pipeline_run"]

    def roles(self, run: str, sources: set[int]) -> set[str]:
        """What the artifacts were used for in a run."""
        roles = set()
        for execution in self._executions(run):
            kind = self._kinds[execution.type_id]
            if any(artifact.id in sources for _, artifact in self._linked(execution.id, self._input)):
                roles.add(_ROLES.get(kind, "baseline"))
        return roles

    def outcome(self, run: str) -> str:
        """What a run came to, in words."""
        executions = self._executions(run)
        for execution in executions:
            if self._kinds[execution.type_id] == _PUSHER and execution.last_known_state in self._good:
                facts = [_plain(artifact) for _, artifact in self._linked(execution.id, self._output)]
                facts = facts or [{}]
                if facts[0].get("pushed"):
                    return f"pushed version {facts[0].get('registry_version')}"
                return f"not pushed: {facts[0].get('reason', 'no reason is recorded')}"
        failed = [execution for execution in executions if execution.last_known_state not in self._good]
        return f"stopped at {self._kinds[failed[-1].type_id]}" if failed else "did not come to a push"

    def _executions(self, run: str) -> list[Any]:
        context = self._store.get_context_by_type_and_name("pipeline_run", run)
        return sorted(self._store.get_executions_by_context(context.id), key=lambda execution: execution.id)

    def _linked(self, execution_id: int, direction: int) -> list[tuple[str, Any]]:
        """(input or output name, artifact) of an execution."""
        events = [event for event in self._store.get_events_by_execution_ids([execution_id]) if event.type == direction]
        artifacts = {one.id: one for one in self._store.get_artifacts_by_id([event.artifact_id for event in events])}
        return [(event.path.steps[0].key, artifacts[event.artifact_id]) for event in events]

    def _node(self, execution: Any) -> LineageNode:
        outputs = {
            name: (artifact.uri, _plain(artifact)) for name, artifact in self._linked(execution.id, self._output)
        }
        return LineageNode(self._kinds[execution.type_id], _plain(execution), outputs)


def _plain(entry: Any) -> dict[str, Any]:
    """Properties of an artifact or an execution, without TFX's own notes and without empty ones."""
    found = {}
    for name, value in [*entry.properties.items(), *entry.custom_properties.items()]:
        kind = value.WhichOneof("value")
        if name not in _TFX_NOTES and kind in ("int_value", "double_value", "string_value", "bool_value"):
            found[name] = getattr(value, kind)
    return {name: value for name, value in found.items() if value != ""}
