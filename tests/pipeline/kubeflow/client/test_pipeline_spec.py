"""Compiled pipelines as the client reads them."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client import PipelineSpec


def test_tasks_are_in_topological_order(spec):
    tasks = spec["root"]["dag"]["tasks"]
    del tasks["RegistryPusher"]["dependentTasks"], tasks["Trainer"]["dependentTasks"]
    tasks["RegistryPusher"]["inputs"] = {"artifacts": {"m": {"taskOutputArtifact": {"producerTask": "Trainer"}}}}
    tasks["Trainer"]["inputs"] = {"parameters": {"e": {"taskOutputParameter": {"producerTask": "CorpusExampleGen"}}}}
    tasks |= {name: {} for name in ("A", "C", "B")}
    for order in (tasks.items(), reversed(tasks.items()), sorted(tasks.items())):
        spec["root"]["dag"]["tasks"] = dict(order)
        assert PipelineSpec(spec).tasks == ["A", "B", "C", "CorpusExampleGen", "Trainer", "RegistryPusher"]


def test_a_file_that_is_not_a_pipeline_is_named(tmp_path):
    path = tmp_path / "x.yaml"
    for text, message in [
        ("a: [", "is not YAML"),
        ("", "not one YAML document, or two"),
        ("[1]", "not one YAML document, or two"),
        ("a: 1\n---\nb: 1\n---\nc: 1", "not one YAML document, or two"),
        ("a: 1", "not a compiled pipeline: pipelineInfo.name or root is missing"),
        ("pipelineSpec: {}\ndisplayName: x", "a PipelineJob for Vertex AI"),
        ("pipelineInfo: {name: x}\nroot: {}\nschemaVersion: 2.0.0", "schemaVersion is '2.0.0'.*accepts '2.1.0'"),
        ("pipelineInfo: {name: x}\nroot: {}\nschemaVersion: 2.1.0\n---\nx: 1", "second document has no `platforms`"),
        (b"\xff\xfe\x00", "cannot be read"),
    ]:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(NerError, match=message) as caught:
            PipelineSpec.of_file(path)
        assert str(caught.value).startswith(f"{path}:")
    with pytest.raises(NerError, match="cannot be read: No such file"):
        PipelineSpec.of_file(tmp_path / "none.yaml")
    with pytest.raises(NerError, match=r"not a \.yaml file"):
        PipelineSpec.of_file(tmp_path / "x.json")
