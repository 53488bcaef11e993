"""What all tasks of a run share, and what the tasks of one graph see of each other."""

from __future__ import annotations

import dataclasses
from typing import Any

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2


@dataclasses.dataclass(frozen=True)
class RunContext:
    """A run.

    Attributes:
        pipeline: name of the pipeline.
        run_id: id of the run, a UUID.
        run_name: what the user called it.
        root: URI below which all outputs of the run lie.
    """

    pipeline: str
    run_id: str
    run_name: str
    root: str


@dataclasses.dataclass
class GraphContext:
    """One graph of tasks (the root, or a component that is a graph) while it runs.

    Attributes:
        parameters: its input parameters.
        artifacts: task -> output -> artifact, as the metadata store gives it out.
        values: task -> output parameter -> value.
        final_states: task -> state of tasks that have ended, for exit handlers.
    """

    parameters: dict[str, struct_pb2.Value]
    artifacts: dict[str, dict[str, spec_pb2.RuntimeArtifact]] = dataclasses.field(default_factory=dict)
    values: dict[str, dict[str, struct_pb2.Value]] = dataclasses.field(default_factory=dict)
    final_states: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
