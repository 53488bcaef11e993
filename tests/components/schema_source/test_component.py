"""The schema as an artifact."""

from __future__ import annotations

from pathlib import Path

from tfx.types import standard_artifacts

from components.schema_source.component import SchemaSource
from components.schema_source.executor import Executor


def test_the_text_is_written_where_tfx_reads_a_schema(tmp_path):
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    text = 'feature { name: "Äö" }\n'
    node = SchemaSource(text=text)
    Executor().Do({}, {"schema": [schema]}, dict(node.exec_properties))
    assert Path(schema.uri, "schema.pbtxt").read_text(encoding="utf-8") == text
    assert node.outputs["schema"].type is standard_artifacts.Schema
