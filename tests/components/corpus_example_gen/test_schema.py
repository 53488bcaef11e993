"""The schema: readable, and complete for what is declared."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from support.repository import ROOT
from tensorflow_metadata.proto.v0 import schema_pb2

from components.common.errors import NerError
from components.corpus_example_gen.schema import compose_schema

BASE = ROOT / "schemas" / "schema.pbtxt"


def parse(text):
    return {feature.name: feature for feature in text_format.Parse(text, schema_pb2.Schema()).feature}


def test_base_describes_the_features_of_every_example():
    features = parse(BASE.read_text())
    assert set(features) == {"key", "sentence", "tags", "source"}
    assert features["tags"].value_count.min == 1
    assert list(features["tags"].not_in_environment) == ["SERVING"]
    assert all(feature.type == schema_pb2.BYTES for feature in features.values())


def test_declared_columns_are_added():
    features = parse(compose_schema(BASE, ["topic", "year"]))
    assert set(features) == {"key", "sentence", "tags", "source", "topic", "year"}
    assert features["topic"].shape.dim[0].size == 1
    assert features["topic"].presence.min_fraction == 1.0


def test_nothing_declared_changes_nothing():
    assert parse(compose_schema(str(BASE), ())) == parse(BASE.read_text())


def test_a_described_column_keeps_its_description(tmp_path):
    base = tmp_path / "s.pbtxt"
    base.write_text(
        'feature { name: "topic" type: BYTES domain: "topics" }\nstring_domain { name: "topics" value: "é" }\n'
    )
    composed = compose_schema(base, ["topic"])
    assert parse(composed)["topic"].domain == "topics"
    assert 'value: "é"' in composed


def test_bad_base_is_refused_by_name(tmp_path):
    base = tmp_path / "s.pbtxt"
    with pytest.raises(NerError, match=r"s\.pbtxt: cannot be read"):
        compose_schema(base, [])
    base.write_text("feature {\n  nam: 1\n}\n")
    with pytest.raises(NerError, match=r"s\.pbtxt:2:.*nam.*Mend the schema"):
        compose_schema(base, [])
    with pytest.raises(NerError, match="'tags', which is a feature"):
        compose_schema(BASE, ["tags"])
