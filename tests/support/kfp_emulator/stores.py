"""Object store in a folder, and the metadata store."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import to_path
from support.kfp_emulator.errors import TaskError

# As KFP's server adds them for its own object store.
_OF_OUTPUTS = {
    "accessKeyKey": "accesskey", "disableSSL": "true", "endpoint": "minio.example:9000", "forcePathStyle": "true",
    "fromEnv": "false", "maxRetries": "5", "region": "minio", "secretKeyKey": "secretkey",
    "secretName": "mlpipeline-minio-artifact",
}  # fmt: skip
_WRAPPERS = {"list_value": "list", "struct_value": "struct"}


def is_in_store(uri: str) -> bool:
    """Returns whether a URI names an object of a store; others, such as a path on a volume, have no mirror."""
    return to_path(uri, "") != uri


class ObjectStore:
    """Objects by URI. As in a real one there are only files, no empty folders.

    Attributes:
        folder: holds the objects by bucket: `<folder>/minio/<bucket>/<key>`.
    """

    def __init__(self, folder: Path) -> None:
        """Opens or creates the store."""
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, uri: str) -> Path:
        """Returns the path of an object or of the folder of a prefix."""
        return Path(to_path(uri, str(self.folder)))

    def put(self, uri: str, source: Path) -> None:
        """Stores a file or the files of a folder, as `mc cp --recursive` does."""
        _copy(source, self.path(uri))

    def download(self, uri: str, root: Path) -> None:
        """Copies objects into a pod's mirror; like the launcher, ignores what does not exist."""
        _copy(self.path(uri), Path(to_path(uri, str(root))))

    def upload(self, uri: str, root: Path) -> None:
        """Copies files from a pod's mirror; like the launcher, ignores what does not exist."""
        _copy(Path(to_path(uri, str(root))), self.path(uri))


def _copy(source: Path, target: Path) -> None:
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    for file in files:
        to = target / file.relative_to(source) if file != source else target
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)


class MetadataStore:
    """Artifacts of all runs."""

    def __init__(self) -> None:
        """Creates an empty store."""
        self._ids = itertools.count(1)
        self._imported: dict[str, spec_pb2.RuntimeArtifact] = {}

    def imported(self, artifact: spec_pb2.RuntimeArtifact, *, reimport: bool) -> spec_pb2.RuntimeArtifact:
        """Records the artifact of an importer; without `reimport` the same URI is the same artifact in every run."""
        if reimport or artifact.uri not in self._imported:
            self._imported[artifact.uri] = self.record(artifact)
        return self._imported[artifact.uri]

    def record(self, artifact: spec_pb2.RuntimeArtifact, display_name: str | None = None) -> spec_pb2.RuntimeArtifact:
        """Returns the artifact as downstream tasks receive it.

        Its type is lost, bools become numbers, lists and structs are put into a struct, and two entries are added.

        Args:
            artifact: as the launcher leaves it.
            display_name: name of the output; None for an importer.

        Raises:
            TaskError: a metadata value is null.
        """
        stored = spec_pb2.RuntimeArtifact(name=str(next(self._ids)), uri=artifact.uri)
        stored.type.instance_schema = ""
        for name, value in artifact.metadata.fields.items():
            stored.metadata.fields[name].CopyFrom(_stored_value(name, value, display_name))
        fields: Any = stored.metadata.fields
        if display_name and "display_name" not in fields:
            fields["display_name"].string_value = display_name
        if "store_session_info" not in fields:
            session = {"Provider": artifact.uri.split(":")[0], "Params": dict(_OF_OUTPUTS)}
            if display_name is None:
                session["Params"] = {"fromEnv": "true"}
            fields["store_session_info"].string_value = json.dumps(session)
        return stored


def _stored_value(name: str, value: struct_pb2.Value, output: str | None) -> struct_pb2.Value:
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
