"""Fields that Kubeflow Pipelines reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.compile.read_fields import FIELDS, require_read

DOCS = Path(__file__).resolve().parents[4] / "docs" / "kubeflow-incompatibilities.md"


def test_a_field_that_nobody_reads_is_an_error():
    pods = {"Trainer_executor": {"enabledSharedMemory": {"size": "2Gi"}, "nodeSelector": {"labels": {"pool": "gpu"}}}}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": pods}}}}
    path = r"platforms\.kubernetes\.deploymentSpec\.executors\.\*\.enabledSharedMemory\.size"
    with pytest.raises(NerError, match=f"Kubeflow Pipelines reads no {path}. Compile"):
        require_read([{"schemaVersion": "2.1.0"}, platform])
    del pods["Trainer_executor"]["enabledSharedMemory"]
    require_read([{"schemaVersion": "2.1.0"}, platform])


def test_the_documentation_has_the_same_table():
    table = DOCS.read_text(encoding="utf-8").partition("## Fields of the server's responses")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| (\S+) \|$", table, re.MULTILINE)
    documented = {field: (reader.strip("`"), since) for field, reader, since in rows}
    expected = {
        field.replace("*", "<name>"): (reader.file.strip("`"), reader.since) for field, reader in FIELDS.items()
    }
    assert documented == expected
