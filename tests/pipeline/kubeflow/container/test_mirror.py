"""Paths of URIs in a pod."""

from __future__ import annotations

import pytest

from pipeline.kubeflow.container.mirror import ROOT_VARIABLE, name_uris, to_path, to_uri


def test_paths_are_those_of_kubeflows_launcher():
    for uri, path in [
        ("gs://b/a/c", "/gcs/b/a/c"), ("minio://b/a/c", "/minio/b/a/c"), ("s3://b/a c/ü", "/s3/b/a c/ü"),
    ]:  # fmt: skip
        assert (to_path(uri), to_uri(path)) == (path, uri)
    for path in ("/data/corpus", "relative", "https://host/a", "/s3data/x", ""):
        assert (to_path(path), to_uri(path)) == (path, path)


@pytest.mark.extended
def test_the_mirrors_can_be_moved(monkeypatch):
    for root in ("/pod", "/pod/"):
        monkeypatch.setenv(ROOT_VARIABLE, root)
        assert to_path("s3://b/k") == "/pod/s3/b/k"
        assert to_uri("/pod/s3/b/k") == "s3://b/k"
        assert to_uri("/s3/b/k") == "/s3/b/k"
        assert to_path("s3://b/k", root="") == "/s3/b/k"


@pytest.mark.extended
def test_messages_have_uris_instead_of_paths():
    for text, expected in [
        ("/minio/data/corpus: no split", "minio://data/corpus: no split"),
        ("read '/s3/a' and (/gcs/b)", "read 's3://a' and (gs://b)"),
        ("/data/s3/corpus and ./gcs/x and s3/y", "/data/s3/corpus and ./gcs/x and s3/y"),
        ("nothing", "nothing"),
    ]:
        assert name_uris(text) == expected
    assert name_uris("/pod/minio/a is empty, /minio/b not", "/pod") == "minio://a is empty, /minio/b not"
