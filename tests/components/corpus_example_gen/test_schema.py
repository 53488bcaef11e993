"""Schema of the examples with metadata columns."""

from __future__ import annotations

import pytest
from support.repository import ROOT

from components.common.errors import NerError
from components.corpus_example_gen.schema import compose_schema

BASE = ROOT / "schemas" / "schema.pbtxt"


def parse(text):
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    return {feature.name: feature for feature in text_format.Parse(text, schema_pb2.Schema()).feature}


def test_base_describes_the_features_of_every_example():
    features = parse(BASE.read_text())
    assert set(features) == {"key", "sentence", "tags", "source"}
    assert features["tags"].value_count.min == 1
    assert list(features["tags"].not_in_environment) == ["SERVING"]
    assert {feature.type for feature in features.values()} == {1}  # BYTES


def test_metadata_columns_are_added():
    features = parse(compose_schema(BASE, ["topic", "year"]))
    assert set(features) == {"key", "sentence", "tags", "source", "topic", "year", "raw_text"}
    assert features["topic"].shape.dim[0].size == 1
    assert features["topic"].presence.min_fraction == 1.0


def test_schema_without_metadata_has_the_features_of_the_base_and_the_raw_text():
    features = parse(compose_schema(str(BASE), ()))
    raw_text = features.pop("raw_text")
    assert features == parse(BASE.read_text())
    assert raw_text.lifecycle_stage == 6  # DEBUG_ONLY: optional, and Transform does not read it


def test_an_optional_raw_text_is_neither_an_anomaly_nor_an_input_of_transform():
    import tensorflow_data_validation as tfdv
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
    from tfx_bsl.tfxio.tensor_representation_util import InferTensorRepresentationsFromMixedSchema

    schema = text_format.Parse(compose_schema(BASE, ()), schema_pb2.Schema())
    assert "raw_text" not in InferTensorRepresentationsFromMixedSchema(schema)
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    of_split = statistics.datasets.add(num_examples=9)
    for name, missing in (("key", 0), ("sentence", 0), ("tags", 0), ("source", 0), ("raw_text", 7)):
        feature = of_split.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
        feature.path.step.append(name)
        common = feature.string_stats.common_stats
        common.num_non_missing, common.num_missing = 9 - missing, missing
        common.min_num_values = common.max_num_values = 1
    assert not tfdv.validate_statistics(statistics, schema).anomaly_info


def test_described_column_keeps_its_description(tmp_path):
    base = tmp_path / "s.pbtxt"
    base.write_text(
        'feature { name: "topic" type: BYTES domain: "topics" }\nstring_domain { name: "topics" value: "é" }\n'
    )
    composed = compose_schema(base, ["topic"])
    assert parse(composed)["topic"].domain == "topics"
    assert 'value: "é"' in composed


def test_invalid_schema_is_an_error_with_its_path(tmp_path):
    base = tmp_path / "s.pbtxt"
    with pytest.raises(NerError, match=r"s\.pbtxt: cannot read the schema"):
        compose_schema(base, [])
    base.write_text("feature {\n  nam: 1\n}\n")
    with pytest.raises(NerError, match=r"s\.pbtxt:2:.*nam.*Correct the schema"):
        compose_schema(base, [])
    with pytest.raises(NerError, match="'tags', which is a feature"):
        compose_schema(BASE, ["tags"])
