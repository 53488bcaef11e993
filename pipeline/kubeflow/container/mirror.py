"""Mirrors of object stores in a pod's file system.

Kubeflow's launcher downloads a component's inputs to them and uploads its outputs from them; on Vertex AI `gs://` is
mounted at the same path. No component needs the protocol of an object store.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

ROOT_VARIABLE = "NER_MIRROR_ROOT"
"""Environment variable that moves the mirrors from `/` to another folder, for the emulator and tests."""

# As in `LocalPathForURI` of Kubeflow's launcher.
_MIRRORS: Mapping[str, str] = {"gs://": "/gcs/", "minio://": "/minio/", "s3://": "/s3/"}


def to_path(uri: str, root: str | None = None) -> str:
    """Returns the path of a URI's mirror.

    Args:
        uri: `minio://bucket/key`, `s3://...` or `gs://...`; others, such as a path on a volume, are returned unchanged.
        root: folder that holds the mirrors; None for `NER_MIRROR_ROOT`, then `/`.

    >>> to_path("s3://bucket/key", root="")
    '/s3/bucket/key'
    """
    for scheme, folder in _MIRRORS.items():
        if uri.startswith(scheme):
            return _root(root) + folder + uri.removeprefix(scheme)
    return uri


def to_uri(path: str, root: str | None = None) -> str:
    """Returns the URI of a path in a mirror; other paths are returned unchanged."""
    for scheme, folder in _MIRRORS.items():
        if path.startswith(_root(root) + folder):
            return scheme + path.removeprefix(_root(root) + folder)
    return path


def name_uris(text: str, root: str | None = None) -> str:
    """Replaces paths of mirrors in a text by URIs.

    >>> name_uris("/minio/data/corpus: no split", root="")
    'minio://data/corpus: no split'
    """
    for scheme, folder in _MIRRORS.items():
        # Not inside another path, such as /data/s3/corpus.
        text = re.sub(rf"(?<![\w./-]){re.escape(_root(root) + folder)}(?=\w)", scheme, text)
    return text


def _root(root: str | None) -> str:
    return (os.environ.get(ROOT_VARIABLE, "") if root is None else root).rstrip("/")
