"""Schema of the examples, including the configured metadata columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.common.errors import NerError
from components.corpus_example_gen.example import check_metadata_columns
from components.keys import RAW_TEXT


def compose_schema(base_path: str | Path, metadata_columns: Sequence[str]) -> str:
    """Returns the schema at `base_path` (text format) with one additional feature per metadata column.

    Without the feature, TFDV reports the column as new. A column that the base schema describes stays unchanged. Only
    the Evaluator reads `raw_text`, so its stage keeps it out of Transform and of the signatures.

    Raises:
        NerError: a column has an invalid name, or the base schema is missing or invalid.
    """
    # Light, unlike tensorflow_data_validation, but `ner --help` should not wait for it.
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    check_metadata_columns(metadata_columns)
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(Path(base_path).read_text(encoding="utf-8"), schema)
    except OSError as error:
        raise NerError(f"{base_path}: cannot read the schema ({error.strerror}). Correct the path.") from error
    except text_format.ParseError as error:
        raise NerError(f"{base_path}:{error}. Correct the schema (text format).") from error
    known = {feature.name for feature in schema.feature}
    for name in metadata_columns:
        if name not in known:
            feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
            feature.presence.min_fraction = 1.0
            feature.presence.min_count = 1
            feature.shape.dim.add(size=1)
    if RAW_TEXT not in known:
        schema.feature.add(name=RAW_TEXT, type=schema_pb2.BYTES, lifecycle_stage=schema_pb2.DEBUG_ONLY)
    return text_format.MessageToString(schema, as_utf8=True)


def feature_names(schema: str) -> list[str]:
    """Returns the names of the features of a schema in text format.

    Example:
        >>> feature_names('feature { name: "key" type: BYTES }')
        ['key']
    """
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    return [feature.name for feature in text_format.Parse(schema, schema_pb2.Schema()).feature]
