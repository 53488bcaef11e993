"""The contract of SchemaSource."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.schema_source.executor import SCHEMA_KEY, TEXT_KEY, Executor


class _SchemaSourceSpec(component_spec.ComponentSpec):
    PARAMETERS = {TEXT_KEY: ExecutionParameter(type=str)}
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {SCHEMA_KEY: ChannelParameter(type=standard_artifacts.Schema)}


class SchemaSource(base_component.BaseComponent):
    """Writes a schema that was known when the pipeline was built.

    TFX's ImportSchemaGen reads a file, by a path that another machine does not have, and is not run again when only the
    file's content changes. A schema is small: its text goes with the pipeline.

    Component `outputs` contains:

    *   `schema`: `Schema`, as by the TFX SchemaGen.

    Example:
        SchemaSource(text=Path("schemas/schema.pbtxt").read_text())
    """

    SPEC_CLASS = _SchemaSourceSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, text: str) -> None:
        """Declares the node.

        Args:
            text: a `tensorflow_metadata` Schema, in the text form of protobuf.
        """
        super().__init__(spec=_SchemaSourceSpec(text=text, schema=types.Channel(type=standard_artifacts.Schema)))
