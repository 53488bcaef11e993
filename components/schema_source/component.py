"""Component specification of SchemaSource."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.schema_source.executor import Executor


class SchemaSourceSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of SchemaSource."""

    PARAMETERS = {"text": ExecutionParameter(type=str)}
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"schema": ChannelParameter(type=standard_artifacts.Schema)}


class SchemaSource(base_component.BaseComponent):
    """Writes a schema that is known when the pipeline is built.

    TFX's ImportSchemaGen reads a file by a path that another machine does not have, and does not run again if only the
    content of the file changes. A schema is small, so its text travels with the pipeline.

    Component `outputs` contains:
     - `schema`: `standard_artifacts.Schema`, as TFX's SchemaGen writes it.

    Example:
        SchemaSource(text=Path("schemas/schema.pbtxt").read_text())
    """

    SPEC_CLASS = SchemaSourceSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, text: str) -> None:
        """Builds the spec.

        Args:
            text: a `tensorflow_metadata` Schema in protobuf's text format.
        """
        super().__init__(spec=SchemaSourceSpec(text=text, schema=types.Channel(type=standard_artifacts.Schema)))
