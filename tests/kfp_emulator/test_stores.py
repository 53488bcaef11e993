"""Object store and metadata store."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.extended


@pytest.fixture
def store(tmp_path):
    from support.kfp_emulator.stores import ObjectStore

    return ObjectStore(tmp_path / "store")


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("scheme", ["minio", "s3", "gs"])
def test_only_files_travel(tmp_path, store, scheme):
    source = tmp_path / "source"
    (source / "a" / "empty").mkdir(parents=True)
    (source / "a" / "b").write_text("text")
    store.put(f"{scheme}://bucket/key", source)
    store.put(f"{scheme}://bucket/key2", source)
    assert names(store.path(f"{scheme}://bucket/key")) == ["a", "a/b"]
    store.download(f"{scheme}://bucket/key", tmp_path / "pod")
    store.download(f"{scheme}://bucket/none", tmp_path / "pod")
    [mirror] = (tmp_path / "pod").iterdir()
    assert names(mirror) == ["bucket", "bucket/key", "bucket/key/a", "bucket/key/a/b"]


def test_a_single_file_is_an_object(tmp_path, store):
    (tmp_path / "pod" / "s3" / "b").mkdir(parents=True)
    (tmp_path / "pod" / "s3" / "b" / "page").write_text("html")
    store.upload("s3://b/page", tmp_path / "pod")
    store.download("s3://b/page", tmp_path / "other")
    assert (tmp_path / "other" / "s3" / "b" / "page").read_text() == "html"


def recorded(metadata, display_name="model"):
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2
    from support.kfp_emulator.stores import MetadataStore

    message = {"uri": "s3://b/x", "type": {"schemaTitle": "tfx.Model"}, "metadata": metadata}
    artifact = json_format.ParseDict(message, pipeline_spec_pb2.RuntimeArtifact())
    return json_format.MessageToDict(MetadataStore().record(artifact, display_name))


def test_the_metadata_store_converts_values():
    for value, expected in [
        ("a", "a"), (3, 3.0), (True, 1.0), (False, 0.0), ([1], {"list": [1.0]}), ({"a": "b"}, {"struct": {"a": "b"}}),
    ]:  # fmt: skip
        assert recorded({"x": value})["metadata"]["x"] == expected
    with pytest.raises(Exception, match="unknown/unsupported value type of x"):
        recorded({"x": None})


def test_the_metadata_store_loses_the_type_and_adds_entries():
    artifact = recorded({})
    assert artifact["type"] == {"instanceSchema": ""}
    assert set(artifact["metadata"]) == {"display_name", "store_session_info"}
    assert recorded({"display_name": "mine"})["metadata"]["display_name"] == "mine"
    assert set(recorded({}, None)["metadata"]) == {"store_session_info"}
