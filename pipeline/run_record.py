"""What happened in a run, read back from ML Metadata."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class NodeRecord:
    """One node of a run.

    Attributes:
        name: the node's id.
        state: `run`, `cached` or `failed`.
        seconds: wall time.
    """

    name: str
    state: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        nodes: in the order in which they ran.
        outputs: (node name, output name) -> (URI, custom properties) of the artifact, cached nodes included.
    """

    nodes: tuple[NodeRecord, ...]
    outputs: dict[tuple[str, str], tuple[str, dict[str, Any]]]


def read_run(metadata_path: str, pipeline: str) -> RunRecord:
    """Reads the newest run of a pipeline.

    Args:
        metadata_path: sqlite file of ML Metadata.
        pipeline: the pipeline's name.
    """
    from ml_metadata import metadata_store
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    connection = mlmd.ConnectionConfig(sqlite=mlmd.SqliteMetadataSourceConfig(filename_uri=metadata_path))
    store = metadata_store.MetadataStore(connection)
    run = max(store.get_contexts_by_type("pipeline_run"), key=lambda context: context.id)
    executions = sorted(store.get_executions_by_context(run.id), key=lambda execution: execution.id)
    types = {kind.id: kind.name.rsplit(".", 1)[-1] for kind in store.get_execution_types()}
    nodes, outputs = [], {}
    for execution in executions:
        name = _node_name(store, execution.id, pipeline) or types[execution.type_id]
        nodes.append(_node(name, execution))
        outputs.update({(name, output): value for output, value in _outputs(store, execution.id)})
    return RunRecord(tuple(nodes), outputs)


def _node_name(store: Any, execution_id: int, pipeline: str) -> str | None:
    names = {context.type: context.name for context in store.get_contexts_by_execution(execution_id)}
    return names["node"].removeprefix(f"{pipeline}.") if "node" in names else None


def _node(name: str, execution: Any) -> NodeRecord:
    from ml_metadata.proto.metadata_store_pb2 import Execution

    states = {Execution.CACHED: "cached", Execution.COMPLETE: "run"}
    milliseconds = execution.last_update_time_since_epoch - execution.create_time_since_epoch
    return NodeRecord(name, states.get(execution.last_known_state, "failed"), milliseconds / 1000)


def _outputs(store: Any, execution_id: int) -> list[tuple[str, tuple[str, dict[str, Any]]]]:
    from ml_metadata.proto.metadata_store_pb2 import Event

    found = []
    for event in store.get_events_by_execution_ids([execution_id]):
        if event.type == Event.OUTPUT:
            [artifact] = store.get_artifacts_by_id([event.artifact_id])
            properties = {name: _plain(value) for name, value in artifact.custom_properties.items()}
            found.append((event.path.steps[0].key, (artifact.uri, properties)))
    return found


def _plain(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))
