"""What Kubeflow's metadata store makes of artifacts that are put into it and taken out again."""

from __future__ import annotations

import itertools
import json
from typing import Any

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from support.kfp_emulator.emulator_error import TaskError

_WRAPPERS = {"list_value": "list", "struct_value": "struct"}


class MetadataStore:
    """Artifacts of one run."""

    def __init__(self) -> None:
        """Makes an empty store."""
        self._ids = itertools.count(1)

    def record(self, output: str, artifact: spec_pb2.RuntimeArtifact) -> spec_pb2.RuntimeArtifact:
        """Returns the artifact as tasks get it that take it as an input.

        Its type is lost, bools become numbers, lists and structs are put into a struct, and two entries are added.

        Args:
            output: name of the producer's output.
            artifact: the artifact as the launcher has it in the end.

        Raises:
            TaskError: a value of the metadata is null, which the store does not take.
        """
        kept = spec_pb2.RuntimeArtifact(name=str(next(self._ids)), uri=artifact.uri)
        kept.type.instance_schema = ""
        for name, value in artifact.metadata.fields.items():
            kept.metadata.fields[name].CopyFrom(_kept(name, value, output))
        fields: Any = kept.metadata.fields
        if "display_name" not in fields:
            fields["display_name"].string_value = output
        if "store_session_info" not in fields:
            fields["store_session_info"].string_value = json.dumps({"Provider": artifact.uri.split(":")[0]})
        return kept


def _kept(name: str, value: struct_pb2.Value, output: str) -> struct_pb2.Value:
    kind = value.WhichOneof("kind")
    if kind in (None, "null_value"):
        raise TaskError(
            f'unable to produce MLMD artifact for output "{output}": failed to convert RuntimeArtifact to MLMD '
            f"artifact: unknown/unsupported value type of {name}"
        )
    if kind == "bool_value":
        return struct_pb2.Value(number_value=float(value.bool_value))
    if kind in _WRAPPERS:
        wrapped = struct_pb2.Value()
        wrapped.struct_value.fields[_WRAPPERS[kind]].CopyFrom(value)
        return wrapped
    return value
