"""Where the files of an object store lie in a pod.

Kubeflow's launcher copies a component's inputs there before the component starts and its outputs back when it is done;
on Vertex AI `gs://` is mounted at the same place. So no component needs to speak the protocol of an object store.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

ROOT_VARIABLE = "NER_MIRROR_ROOT"
"""Environment variable that moves the mirrors out of `/`, for the emulator and for tests."""

# As `LocalPathForURI` of Kubeflow's launcher has them.
_MIRRORS: Mapping[str, str] = {"gs://": "/gcs/", "minio://": "/minio/", "s3://": "/s3/"}


def is_mirrored(uri: str) -> bool:
    """Whether there is a mirror for the URI; without one (a path on a volume, say) it is used as it is."""
    return uri.startswith(tuple(_MIRRORS))


def to_path(uri: str, root: str | None = None) -> str:
    """Returns the path at which a component finds, or leaves, what has the URI.

    Args:
        uri: `minio://bucket/key`, `s3://...` or `gs://...`; anything else is returned as it is.
        root: folder that holds the mirrors; `NER_MIRROR_ROOT` when not given, and `/` without that.
    """
    for scheme, folder in _MIRRORS.items():
        if uri.startswith(scheme):
            return _root(root) + folder + uri.removeprefix(scheme)
    return uri


def to_uri(path: str, root: str | None = None) -> str:
    """Returns the URI of what lies at a path of a mirror; any other path is returned as it is."""
    for scheme, folder in _MIRRORS.items():
        if path.startswith(_root(root) + folder):
            return scheme + path.removeprefix(_root(root) + folder)
    return path


def name_uris(text: str, root: str | None = None) -> str:
    """Returns a text for people, with URIs for the paths of mirrors that stand in it."""
    for scheme, folder in _MIRRORS.items():
        # Not inside of another path, such as /data/s3/corpus.
        text = re.sub(rf"(?<![\w./-]){re.escape(_root(root) + folder)}(?=\w)", scheme, text)
    return text


def _root(root: str | None) -> str:
    return (os.environ.get(ROOT_VARIABLE, "") if root is None else root).rstrip("/")
