from __future__ import annotations

import pytest

from pipeline.kubeflow.container.mirror import ROOT_VARIABLE, is_mirrored, name_uris, to_path, to_uri

PLACES = {"gs://b/a/c": "/gcs/b/a/c", "minio://b/a/c": "/minio/b/a/c", "s3://b/a c/ü": "/s3/b/a c/ü"}


@pytest.mark.parametrize(("uri", "path"), PLACES.items())
def test_a_uri_lies_where_kubeflows_launcher_puts_it(uri, path):
    assert to_path(uri) == path
    assert to_uri(path) == uri
    assert is_mirrored(uri)


@pytest.mark.parametrize("path", ["/data/corpus", "relative", "https://host/a", "/s3data/x", ""])
def test_what_has_no_mirror_stays_as_it_is(path):
    assert to_path(path) == path
    assert to_uri(path) == path
    assert not is_mirrored(path)


@pytest.mark.parametrize("root", ["/tmp/pod", "/tmp/pod/"])
def test_the_mirrors_can_be_moved(monkeypatch, root):
    monkeypatch.setenv(ROOT_VARIABLE, root)
    assert to_path("s3://b/k") == "/tmp/pod/s3/b/k"
    assert to_uri("/tmp/pod/s3/b/k") == "s3://b/k"
    assert to_uri("/s3/b/k") == "/s3/b/k"
    assert to_path("s3://b/k", root="") == "/s3/b/k"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/minio/data/corpus: no split", "minio://data/corpus: no split"),
        ("found '/s3/a' and (/gcs/b)", "found 's3://a' and (gs://b)"),
        ("/data/s3/corpus and ./gcs/x and s3/y", "/data/s3/corpus and ./gcs/x and s3/y"),
        ("nothing", "nothing"),
    ],
)
def test_people_read_uris_and_not_paths_of_mirrors(text, expected):
    assert name_uris(text) == expected


def test_people_read_uris_where_the_mirrors_are_moved():
    assert name_uris("/tmp/pod/minio/a is empty, /minio/b not", "/tmp/pod") == "minio://a is empty, /minio/b not"
