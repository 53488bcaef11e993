"""Runs of the pipeline on this machine, as ML Metadata records them."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from configs.spec import PipelineConfig
from pipeline.run.relocation import Relocation, metadata_file
from pipeline.run.sound_metadata import open_metadata


@dataclasses.dataclass(frozen=True)
class NodeRecord:
    """One node of a run.

    Attributes:
        name: the node's id.
        state: `run`, `cached` or `failed`.
        seconds: wall time.
        began: start time in seconds since the epoch; 0: unknown.
    """

    name: str
    state: str
    seconds: float
    began: float = 0.0


class NodeArtifacts(NamedTuple):
    """Inputs and outputs of a node, each as (channel name, artifact id).

    Attributes:
        inputs: (name, id) pairs.
        outputs: (name, id) pairs, including those from the cache.
    """

    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        nodes: nodes in the order in which they ran.
        outputs: (node name, output name) -> (URI, custom properties) of the artifact, cached nodes included.
        run_id: the run's id in ML Metadata.
        artifacts: node name -> its artifacts.
    """

    nodes: tuple[NodeRecord, ...]
    outputs: dict[tuple[str, str], tuple[str, dict[str, Any]]]
    run_id: str = ""
    artifacts: dict[str, NodeArtifacts] = dataclasses.field(default_factory=dict)


def metadata_path(config: PipelineConfig) -> str:
    """Returns the sqlite file of ML Metadata for a writer, after creating its folder."""
    path = metadata_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)


def run_ids(config: PipelineConfig) -> list[str]:
    """Returns the ids of all runs, newest first; none if the pipeline has not run in the work folder."""
    if not metadata_file(config).is_file():
        return []
    contexts = _store(config).get_contexts_by_type("pipeline_run")
    return [context.name for context in sorted(contexts, key=lambda context: context.id, reverse=True)]


def read_run(config: PipelineConfig, run_id: str) -> RunRecord:
    """Reads a run of a pipeline, with the present paths of its artifacts.

    Args:
        config: name and work folder of the pipeline.
        run_id: one of `run_ids`.
    """
    store, relocation = _store(config), Relocation.of(config)
    run = store.get_context_by_type_and_name("pipeline_run", run_id)
    executions = sorted(store.get_executions_by_context(run.id), key=lambda execution: execution.id)
    types = {kind.id: kind.name.rsplit(".", 1)[-1] for kind in store.get_execution_types()}
    nodes, outputs, artifacts = [], {}, {}
    for execution in executions:
        node = _node_name(store, execution.id, config.name) or types[execution.type_id]
        nodes.append(_node(node, execution))
        outputs.update({(node, output): value for output, value in _outputs(store, execution.id, relocation)})
        artifacts[node] = _artifacts(store, execution.id)
    return RunRecord(tuple(nodes), outputs, run_id, artifacts)


def _store(config: PipelineConfig) -> Any:
    return open_metadata(metadata_file(config), config.root / "artifacts")


def _node_name(store: Any, execution_id: int, pipeline: str) -> str | None:
    names = {context.type: context.name for context in store.get_contexts_by_execution(execution_id)}
    return names["node"].removeprefix(f"{pipeline}.") if "node" in names else None


def _node(name: str, execution: Any) -> NodeRecord:
    from ml_metadata.proto.metadata_store_pb2 import Execution

    states = {Execution.CACHED: "cached", Execution.COMPLETE: "run"}
    milliseconds = execution.last_update_time_since_epoch - execution.create_time_since_epoch
    state = states.get(execution.last_known_state, "failed")
    return NodeRecord(name, state, milliseconds / 1000, execution.create_time_since_epoch / 1000)


def _artifacts(store: Any, execution_id: int) -> NodeArtifacts:
    from ml_metadata.proto.metadata_store_pb2 import Event

    events = store.get_events_by_execution_ids([execution_id])

    def named(*kinds: int) -> tuple[tuple[str, int], ...]:
        return tuple(sorted({(event.path.steps[0].key, event.artifact_id) for event in events if event.type in kinds}))

    return NodeArtifacts(named(Event.INPUT), named(Event.OUTPUT))


def _outputs(store: Any, execution_id: int, relocation: Relocation) -> list[tuple[str, tuple[str, dict[str, Any]]]]:
    from ml_metadata.proto.metadata_store_pb2 import Event

    outputs = []
    for event in store.get_events_by_execution_ids([execution_id]):
        if event.type == Event.OUTPUT:
            [artifact] = store.get_artifacts_by_id([event.artifact_id])
            properties = {name: _plain(value, relocation) for name, value in artifact.custom_properties.items()}
            outputs.append((event.path.steps[0].key, (relocation.text(artifact.uri), properties)))
    return outputs


def _plain(value: Any, relocation: Relocation) -> Any:
    plain = getattr(value, value.WhichOneof("value"))
    return relocation.text(plain) if isinstance(plain, str) else plain
