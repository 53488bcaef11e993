"""Runs of the pipeline on this machine, as ML Metadata records them."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from components.common.faults import MachineError, reading
from components.common.files import sqlite_connection
from configs.spec import PipelineConfig
from pipeline.run.relocation import Relocation, metadata_file
from pipeline.run.sound_metadata import require_sound_metadata
from pipeline.run.work_lock import is_running

PUSHER = "RegistryPusher"
"""Name of the last node."""

EXAMPLES, EVALUATION = ("CorpusExampleGen", "examples"), ("Evaluator", "evaluation")
PUSHED_MODEL = (PUSHER, "pushed_model")
"""Names in `RunRecord.outputs`."""


@dataclasses.dataclass(frozen=True)
class NodeRecord:
    """One node of a run.

    Attributes:
        name: the node's id.
        state: `run`, `cached`, `failed`, `running`, or `unfinished` (its process was killed).
        seconds: wall time.
        began: start time in seconds since the epoch; 0: unknown.
    """

    name: str
    state: str
    seconds: float
    began: float = 0.0

    @property
    def is_complete(self) -> bool:
        """True if its outputs are complete."""
        return self.state in ("run", "cached")


class NodeArtifacts(NamedTuple):
    """Inputs and outputs of a node, each as (channel name, artifact id).

    Attributes:
        inputs: (name, id) pairs.
        outputs: (name, id) pairs, including those from the cache.
    """

    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


class SourceRun(NamedTuple):
    """The run that computed the results of a run whose nodes all came from the cache.

    Attributes:
        run_id: its id.
        ended: end of its last such node in seconds since the epoch.
    """

    run_id: str
    ended: float


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        nodes: nodes in the order in which they ran.
        outputs: (node name, output name) -> (URI, plain custom properties) of the artifact, cached nodes included.
        run_id: the run's id in ML Metadata.
        artifacts: node name -> its artifacts.
        source: the run that computed the results; None if a node of this run executed.
    """

    nodes: tuple[NodeRecord, ...]
    outputs: dict[tuple[str, str], tuple[str, dict[str, Any]]]
    run_id: str = ""
    artifacts: dict[str, NodeArtifacts] = dataclasses.field(default_factory=dict)
    source: SourceRun | None = None

    def folder(self, output: tuple[str, str]) -> Path | None:
        """Returns the folder of an output, which may be removed; None if the run has none of this name."""
        return Path(self.outputs[output][0]) if output in self.outputs else None

    def properties(self, output: tuple[str, str]) -> dict[str, Any]:
        """Returns the properties of an output; empty if the run has none of this name."""
        return self.outputs.get(output, ("", {}))[1]


def metadata_path(config: PipelineConfig) -> str:
    """Returns the sqlite file of ML Metadata for a writer, after creating its folder."""
    path = metadata_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)


def run_ids(config: PipelineConfig) -> list[str]:
    """Returns the ids of all runs, newest first; none if the pipeline has not run in the work folder."""
    if not metadata_file(config).is_file():
        return []
    with _tables(config) as tables:
        query = (
            "SELECT Context.name FROM Context JOIN Type ON Type.id = type_id "
            "WHERE Type.name = 'pipeline_run' AND type_kind = 2 ORDER BY Context.id DESC"
        )
        return [name for (name,) in tables.execute(query)]


def read_run(config: PipelineConfig, run_id: str) -> RunRecord:
    """Reads a run of a pipeline, with the present paths of its artifacts.

    It reads the tables of ML Metadata with sqlite3, so that a machine without TFX can show a run.

    Args:
        config: name and work folder of the pipeline.
        run_id: one of `run_ids`.
    """
    relocation = Relocation.of(config)
    nodes, outputs, artifacts = [], {}, {}
    with _tables(config) as tables:
        for number, kind, state, began, ended in tables.execute(_EXECUTIONS, (run_id,)).fetchall():
            node = _node_name(tables, number, config.name) or kind.rsplit(".", 1)[-1]
            seconds = (ended - began) / 1000
            nodes.append(NodeRecord(node, _STATES.get(state, "failed"), seconds, began / 1000))
            events = tables.execute(_EVENTS, (number,)).fetchall()
            artifacts[node] = NodeArtifacts(_named(events, _INPUT), _named(events, _OUTPUT))
            for kind_of_event, channel, artifact, uri in events:
                if kind_of_event == _OUTPUT:
                    properties = _properties(tables, artifact, relocation)
                    outputs[node, channel] = (relocation.text(uri), properties)
        cached = bool(nodes) and all(node.state == "cached" for node in nodes)
        source = _source(tables, artifacts) if cached else None
    if any(node.state == _UNFINISHED for node in nodes) and is_running(config, run_id):
        nodes = [dataclasses.replace(node, state="running") if node.state == _UNFINISHED else node for node in nodes]
    return RunRecord(tuple(nodes), outputs, run_id, artifacts, source)


_SCHEMA = 10  # of the tables, in ML Metadata 1.16 and 1.17
_INPUT, _OUTPUT = 3, 4  # of ml_metadata.Event.Type
_STRUCT = "mlmd-struct::"  # prefix of a message, which no reader of runs needs
_UNFINISHED = "unfinished"
# RUNNING, COMPLETE and CACHED of ml_metadata.Execution.State
_STATES = {2: _UNFINISHED, 3: "run", 5: "cached"}
_EXECUTIONS = """
    SELECT Execution.id, Type.name, last_known_state, Execution.create_time_since_epoch,
           Execution.last_update_time_since_epoch
    FROM Execution JOIN Type ON Type.id = Execution.type_id
    JOIN Association ON Association.execution_id = Execution.id
    JOIN Context ON Context.id = Association.context_id JOIN Type AS Kind ON Kind.id = Context.type_id
    WHERE Kind.name = 'pipeline_run' AND Context.name = ? ORDER BY Execution.id
"""
_PRODUCER = """
    SELECT Context.name, Execution.last_update_time_since_epoch
    FROM Event JOIN Execution ON Execution.id = Event.execution_id
    JOIN Association ON Association.execution_id = Execution.id
    JOIN Context ON Context.id = Association.context_id JOIN Type AS Kind ON Kind.id = Context.type_id
    WHERE Kind.name = 'pipeline_run' AND Event.type = 4 AND last_known_state = 3 AND Event.artifact_id = ?
"""
_EVENTS = """
    SELECT Event.type, step_key, artifact_id, uri
    FROM Event JOIN Artifact ON Artifact.id = artifact_id
    JOIN EventPath ON EventPath.rowid =
        (SELECT MIN(Path.rowid) FROM EventPath AS Path WHERE Path.event_id = Event.id AND Path.is_index_step = 0)
    WHERE execution_id = ? ORDER BY Event.id
"""
_NODE = """
    SELECT Context.name FROM Context JOIN Type ON Type.id = type_id JOIN Association ON context_id = Context.id
    WHERE Type.name = 'node' AND execution_id = ?
"""
_CUSTOM_PROPERTIES = """
    SELECT name, int_value, double_value, string_value, bool_value FROM ArtifactProperty
    WHERE artifact_id = ? AND is_custom_property = 1
"""


@contextlib.contextmanager
def _tables(config: PipelineConfig) -> Iterator[sqlite3.Connection]:
    """Yields a connection to the metadata of the runs that cannot write.

    Raises:
        MachineError: the file is damaged, or of another version of ML Metadata.
    """
    path = metadata_file(config)
    require_sound_metadata(path, config.root / "artifacts")
    with reading(path), sqlite_connection(path.absolute(), "ro") as connection:
        ((schema,),) = connection.execute("SELECT schema_version FROM MLMDEnv").fetchall()
        if schema != _SCHEMA:
            raise MachineError(
                f"{path}: its tables have version {schema} of ML Metadata, this program reads {_SCHEMA}. "
                "Use the version of deployable-ner that wrote it."
            )
        yield connection


def _source(tables: sqlite3.Connection, artifacts: dict[str, NodeArtifacts]) -> SourceRun | None:
    """Returns the newest of the runs that computed the artifacts."""
    numbers = [number for node in artifacts.values() for _, number in node.outputs]
    producers = [SourceRun(name, ended / 1000) for n in numbers for name, ended in tables.execute(_PRODUCER, (n,))]
    return max(producers, key=lambda producer: producer.ended, default=None)


def _node_name(tables: sqlite3.Connection, execution: int, pipeline: str) -> str | None:
    for (name,) in tables.execute(_NODE, (execution,)):
        return str(name).removeprefix(f"{pipeline}.")
    return None


def _named(events: list[Any], kind: int) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({(channel, artifact) for each, channel, artifact, _ in events if each == kind}))


def _properties(tables: sqlite3.Connection, artifact: int, relocation: Relocation) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, integer, real, text, boolean in tables.execute(_CUSTOM_PROPERTIES, (artifact,)):
        if text is not None:
            if not text.startswith(_STRUCT):
                properties[name] = relocation.text(text)
        else:
            numbers = (bool(boolean) if boolean is not None else None, integer, real)
            properties[name] = next((number for number in numbers if number is not None), None)
    return properties
