from __future__ import annotations

import pytest
from support.kfp_emulator.object_store import ObjectStore


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "store")


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("scheme", ["minio", "s3", "gs"])
def test_files_go_there_and_back(tmp_path, store, scheme):
    source = tmp_path / "source"
    (source / "a" / "empty").mkdir(parents=True)
    (source / "a" / "b").write_text("text")
    store.put(f"{scheme}://bucket/key", source)
    assert names(store.path(f"{scheme}://bucket/key")) == ["a", "a/b"]
    store.download(f"{scheme}://bucket/key", tmp_path / "pod")
    [mirror] = (tmp_path / "pod").iterdir()
    assert (mirror / "bucket" / "key" / "a" / "b").read_text() == "text"


def test_a_single_file_is_an_object(tmp_path, store):
    (tmp_path / "pod" / "s3" / "b").mkdir(parents=True)
    (tmp_path / "pod" / "s3" / "b" / "page").write_text("html")
    store.upload("s3://b/page", tmp_path / "pod")
    assert store.path("s3://b/page").read_text() == "html"
    store.download("s3://b/page", tmp_path / "other")
    assert (tmp_path / "other" / "s3" / "b" / "page").read_text() == "html"


def test_what_is_not_there_is_left_out(tmp_path, store):
    store.download("s3://b/none", tmp_path / "pod")
    store.upload("s3://b/none", tmp_path / "pod")
    assert not (tmp_path / "pod").exists()
    assert names(store.folder) == []


def test_a_key_that_only_begins_alike_is_another_one(tmp_path, store):
    for name in ("model", "model2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
        store.put(f"s3://b/{name}", tmp_path / name)
    store.download("s3://b/model", tmp_path / "pod")
    assert names(tmp_path / "pod" / "s3" / "b") == ["model", "model/f"]
