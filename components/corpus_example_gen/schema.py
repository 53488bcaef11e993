"""The schema of the examples, with the metadata columns that a configuration declares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.common.errors import NerError
from components.corpus_example_gen.example import check_metadata_columns


def compose_schema(base_path: str | Path, metadata_columns: Sequence[str]) -> str:
    """Returns the schema of `base_path` (text format) with one feature a declared metadata column.

    Without it TFDV reports each such column as new. A column that the base already describes keeps its description.

    Raises:
        NerError: a column's name cannot be used, or the base is missing or no schema.
    """
    # Light, unlike tensorflow_data_validation, and yet nothing that `ner --help` should wait for.
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    check_metadata_columns(metadata_columns)
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(Path(base_path).read_text(encoding="utf-8"), schema)
    except OSError as error:
        raise NerError(f"{base_path}: cannot be read ({error.strerror}). Give the schema's path.") from error
    except text_format.ParseError as error:
        raise NerError(f"{base_path}:{error}. Mend the schema (text format) there.") from error
    known = {feature.name for feature in schema.feature}
    for name in metadata_columns:
        if name not in known:
            feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
            feature.presence.min_fraction = 1.0
            feature.presence.min_count = 1
            feature.shape.dim.add(size=1)
    return text_format.MessageToString(schema, as_utf8=True)
