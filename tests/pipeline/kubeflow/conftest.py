"""A pod as Kubeflow's launcher prepares it, and the log of the launcher of training hosts."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

RUN_ID = "7b9e1c52-30f4-4d57-9a59-1f2f6c3e8a01"
MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}


class Pod:
    """Arguments and output of a container."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_id = RUN_ID
        self.root = f"minio://bucket/root/ner/{RUN_ID}"
        self.output_file = folder / "minio" / "bucket" / "root" / "output_metadata.json"

    def path(self, uri: str) -> Path:
        from pipeline.kubeflow.container.mirror import to_path

        return Path(to_path(uri, str(self.folder)))

    def invocation(self, node="Node", inputs=None, parameters=None, outputs=None, logs=True) -> str:
        """JSON of an ExecutorInput as the driver of KFP 2.17 writes it.

        inputs: name -> (URI, metadata); outputs: name -> artifact type as a dict.
        """
        kinds = dict(outputs or {}) | ({"executor-logs": {"schemaTitle": "system.Artifact"}} if logs else {})
        prefix = f"{self.root}/{node}/{uuid.uuid4()}"
        message = {
            "inputs": {
                "artifacts": {
                    name: {"artifacts": [
                        {"name": "17", "uri": uri, "type": {"instanceSchema": ""}, "metadata": metadata}
                    ]}
                    for name, (uri, metadata) in (inputs or {}).items()
                },
                "parameterValues": parameters or {},
            },
            "outputs": {
                "artifacts": {
                    name: {"artifacts": [{"name": name, "uri": f"{prefix}/{name}", "type": kind}]}
                    for name, kind in kinds.items()
                },
                "outputFile": str(self.output_file),
            },
        }  # fmt: skip
        return json.dumps(message)

    def output(self) -> dict:
        """The ExecutorOutput as the launcher reads it: strictly."""
        from google.protobuf import json_format
        from kfp.pipeline_spec import pipeline_spec_pb2

        message = json_format.Parse(self.output_file.read_text(encoding="utf-8"), pipeline_spec_pb2.ExecutorOutput())
        return json_format.MessageToDict(message)


@pytest.fixture
def pod(tmp_path, monkeypatch) -> Pod:
    from pipeline.kubeflow.container.mirror import ROOT_VARIABLE

    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "pod"))
    return Pod(tmp_path / "pod")


@pytest.fixture(scope="session")
def schema():
    """Artifact class -> its type as compiled into a pipeline."""
    from tfx.orchestration.kubeflow.v2 import compiler_utils

    def schema_of(artifact_class) -> dict:
        text = compiler_utils.get_artifact_schema(artifact_class)
        return {"instanceSchema": text if isinstance(text, str) else text.decode()}

    return schema_of


@pytest.fixture
def lines(monkeypatch):
    """Lines of the launcher's own log."""
    from absl import logging

    printed: list[str] = []
    for level in ("info", "warning"):
        monkeypatch.setattr(logging, level, lambda text, *args: printed.append(text % args))
    return printed
