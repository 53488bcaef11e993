"""SchemaSource writes the schema to TFX's file."""

from __future__ import annotations

from pathlib import Path


def test_text_is_written_to_the_file_that_tfx_reads(tmp_path):
    from tfx.types import standard_artifacts

    from components.schema_source import SchemaSource
    from components.schema_source.executor import Executor

    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    text = 'feature { name: "Äö" }\n'
    node = SchemaSource(text=text)
    Executor().Do({}, {"schema": [schema]}, dict(node.exec_properties))
    assert Path(schema.uri, "schema.pbtxt").read_text(encoding="utf-8") == text
    assert node.outputs["schema"].type is standard_artifacts.Schema
