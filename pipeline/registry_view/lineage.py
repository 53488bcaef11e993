"""Lineage of a registered version, read from ML Metadata: the steps that produced it and the runs that used it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from components.keys import PUSHED, REFUSAL_REASON, REGISTRY_URI, REGISTRY_VERSION, TRAINER_SETTINGS, VERSION
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig
from pipeline.run.relocation import Relocation, metadata_file
from pipeline.run.run_record import PUSHER
from pipeline.run.sound_metadata import open_metadata

_CHAMPION_SOURCE = "ChampionSource"
_ROLES = {"Trainer": "warm start", "DriftValidator": "drift reference"}  # of all other nodes: baseline
# Properties that TFX sets on every artifact and execution; they do not describe the model.
_TFX_PROPERTIES = frozenset({"tfx_version", "is_external", "name", "state", "pipeline_name", "producer_component"})


@dataclasses.dataclass(frozen=True)
class LineageNode:
    """One step that led to a version.

    Attributes:
        name: the node's id.
        settings: its parameters; `settings` of the Trainer are those that it used.
        outputs: output name -> (URI, properties) of the artifact.
    """

    name: str
    settings: Mapping[str, Any]
    outputs: Mapping[str, tuple[str, Mapping[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Usage:
    """A run that had the version as input.

    Attributes:
        run: id of the pipeline run.
        roles: purposes: `baseline`, `warm start`, `drift reference`.
        outcome: result of that run, in words.
    """

    run: str
    roles: tuple[str, ...]
    outcome: str


@dataclasses.dataclass(frozen=True)
class Lineage:
    """Steps before a version, and runs after it.

    Attributes:
        runs: ids of the runs that produced it, or got it from the cache.
        nodes: the steps, each after its inputs.
        usages: in the order of the runs.
    """

    runs: tuple[str, ...]
    nodes: tuple[LineageNode, ...]
    usages: tuple[Usage, ...]


def read_lineage(config: PipelineConfig, registry_uri: str, version: RegisteredVersion) -> Lineage | None:
    """Reads the lineage of a version.

    Args:
        config: the configuration; its work folder holds the metadata.
        registry_uri: address of the registry, as RegistryPusher recorded it.
        version: the version.

    Returns:
        The lineage; None if the file does not exist, or none of its runs pushed the version.
    """
    if not metadata_file(config).is_file():
        return None
    graph = _Graph(config, version.name)
    pushed = graph.artifacts(PUSHER, {REGISTRY_URI: registry_uri, REGISTRY_VERSION: version.version})
    if not pushed:
        return None
    producers = graph.producers(pushed)
    nodes = graph.upstream(min(producers, key=lambda execution: execution.id))
    runs = sorted({run for execution in producers for run in graph.runs_of(execution.id)})
    sources = graph.artifacts(_CHAMPION_SOURCE, {VERSION: version.version}, {REGISTRY_URI: registry_uri})
    return Lineage(tuple(runs), tuple(nodes), tuple(_usages(graph, sources)))


def _usages(graph: _Graph, sources: list[Any]) -> Iterable[Usage]:
    runs: dict[str, set[str]] = {}
    for execution in graph.producers(sources):
        for run in graph.runs_of(execution.id):
            runs.setdefault(run, set()).update(graph.roles(run, {source.id for source in sources}))
    for run, roles in sorted(runs.items()):
        yield Usage(run, tuple(sorted(roles)), graph.outcome(run))


class _Graph:
    """Queries of ML Metadata about one registered model."""

    def __init__(self, config: PipelineConfig, model_name: str) -> None:
        from ml_metadata.proto import metadata_store_pb2 as mlmd

        self._store = open_metadata(metadata_file(config), config.root / "artifacts")
        self._model_name = model_name
        self._relocation = Relocation.of(config)
        self._input, self._output = mlmd.Event.INPUT, mlmd.Event.OUTPUT
        self._good = (mlmd.Execution.COMPLETE, mlmd.Execution.CACHED)
        self._complete = mlmd.Execution.COMPLETE
        self._kinds = {kind.id: kind.name.rsplit(".", 1)[-1] for kind in self._store.get_execution_types()}

    def artifacts(
        self, node: str, properties: Mapping[str, Any], settings: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Returns the outputs with these properties of a kind of node with these settings."""
        expected = {"model_name": self._model_name, **(settings or {})}
        artifacts = {}
        for execution in self._store.get_executions():
            if self._kinds[execution.type_id] != node or execution.last_known_state not in self._good:
                continue
            if not expected.items() <= self._properties(execution).items():
                continue
            for _, artifact in self._linked(execution.id, self._output):
                if properties.items() <= self._properties(artifact).items():
                    artifacts[artifact.id] = artifact
        return list(artifacts.values())

    def producers(self, artifacts: list[Any]) -> list[Any]:
        """Returns the executions that produced one of the artifacts or got it from the cache."""
        if not artifacts:
            return []
        events = self._store.get_events_by_artifact_ids([artifact.id for artifact in artifacts])
        numbers = {event.execution_id for event in events if event.type == self._output}
        executions = self._store.get_executions_by_id(sorted(numbers))
        return [execution for execution in executions if execution.last_known_state in self._good]

    def upstream(self, execution: Any) -> list[LineageNode]:
        """Returns the execution and everything before it, each after its inputs."""
        nodes: dict[int, LineageNode] = {}

        def visit(current: Any) -> None:
            if current.id in nodes:
                return
            for _, artifact in self._linked(current.id, self._input):
                complete = [maker for maker in self.producers([artifact]) if maker.last_known_state == self._complete]
                for producer in complete[:1]:
                    visit(producer)
            nodes[current.id] = self._node(current)

        visit(execution)
        return list(nodes.values())

    def runs_of(self, execution_id: int) -> list[str]:
        """Returns the ids of the runs that contain an execution."""
        contexts = self._store.get_contexts_by_execution(execution_id)
        return [context.name for context in contexts if context.type == "pipeline_run"]

    def roles(self, run: str, sources: set[int]) -> set[str]:
        """Returns the purposes for which a run used the artifacts."""
        roles = set()
        for execution in self._executions(run):
            kind = self._kinds[execution.type_id]
            if any(artifact.id in sources for _, artifact in self._linked(execution.id, self._input)):
                roles.add(_ROLES.get(kind, "baseline"))
        return roles

    def outcome(self, run: str) -> str:
        """Returns the result of a run, in words."""
        executions = self._executions(run)
        for execution in executions:
            if self._kinds[execution.type_id] == PUSHER and execution.last_known_state in self._good:
                outputs = [self._properties(artifact) for _, artifact in self._linked(execution.id, self._output)]
                pushed = outputs[0] if outputs else {}
                if pushed.get(PUSHED):
                    return f"pushed version {pushed.get(REGISTRY_VERSION)}"
                return f"not pushed: {pushed.get(REFUSAL_REASON, 'no reason is recorded')}"
        failed = [execution for execution in executions if execution.last_known_state not in self._good]
        return f"stopped at {self._kinds[failed[-1].type_id]}" if failed else "ended before the push"

    def _executions(self, run: str) -> list[Any]:
        context = self._store.get_context_by_type_and_name("pipeline_run", run)
        return sorted(self._store.get_executions_by_context(context.id), key=lambda execution: execution.id)

    def _linked(self, execution_id: int, direction: int) -> list[tuple[str, Any]]:
        """Returns (input or output name, artifact) of an execution."""
        events = [event for event in self._store.get_events_by_execution_ids([execution_id]) if event.type == direction]
        artifacts = {one.id: one for one in self._store.get_artifacts_by_id([event.artifact_id for event in events])}
        return [(event.path.steps[0].key, artifacts[event.artifact_id]) for event in events]

    def _node(self, execution: Any) -> LineageNode:
        outputs = {
            name: (self._relocation.text(artifact.uri), self._properties(artifact))
            for name, artifact in self._linked(execution.id, self._output)
        }
        settings = self._properties(execution)
        for _, properties in outputs.values():
            if used := properties.get(TRAINER_SETTINGS):  # a search changes the configured settings
                settings["settings"] = used
        return LineageNode(self._kinds[execution.type_id], settings, outputs)

    def _properties(self, entry: Any) -> dict[str, Any]:
        """Returns the properties of an artifact or an execution without TFX's own and without empty ones."""
        values = {}
        for name, value in [*entry.properties.items(), *entry.custom_properties.items()]:
            kind = value.WhichOneof("value")
            if name not in _TFX_PROPERTIES and kind in ("int_value", "double_value", "string_value", "bool_value"):
                plain = getattr(value, kind)
                values[name] = self._relocation.text(plain) if isinstance(plain, str) else plain
        return {name: value for name, value in values.items() if value != ""}
