from __future__ import annotations

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2
from support.kfp_emulator.emulator_error import TaskError
from support.kfp_emulator.metadata_store import MetadataStore


def artifact(metadata):
    message = {"uri": "s3://b/x", "type": {"schemaTitle": "tfx.Model"}, "metadata": metadata}
    return json_format.ParseDict(message, spec_pb2.RuntimeArtifact())


def recorded(metadata):
    return json_format.MessageToDict(MetadataStore().record("model", artifact(metadata)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), (3, 3.0), (True, 1.0), (False, 0.0), ([1], {"list": [1.0]}), ({"a": "b"}, {"struct": {"a": "b"}})],
    ids=str,
)
def test_values_come_back_in_the_stores_own_kinds(value, expected):
    assert recorded({"x": value})["metadata"]["x"] == expected


def test_the_type_is_lost_and_bookkeeping_is_added():
    found = recorded({})
    assert found["type"] == {"instanceSchema": ""}
    assert set(found["metadata"]) == {"display_name", "store_session_info"}
    assert found["metadata"]["display_name"] == "model"


def test_a_name_that_the_component_gave_is_kept():
    assert recorded({"display_name": "mine"})["metadata"]["display_name"] == "mine"


def test_every_artifact_has_a_name_of_its_own():
    store = MetadataStore()
    assert [store.record("m", artifact({})).name for _ in range(2)] == ["1", "2"]


def test_a_null_is_refused():
    with pytest.raises(TaskError, match="unknown/unsupported value type of x"):
        recorded({"x": None})
