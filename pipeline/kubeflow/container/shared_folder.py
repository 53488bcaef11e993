"""Folder through which a node shares its artifacts with Beam workers outside its pod.

Workers of Flink, Spark or Dataflow do not see the mirrors of the object store in the pod. The folder is a volume that
the pod and the workers mount at the same path, or a `gs://` address, which TensorFlow and Beam can open. The launcher
still finds the outputs in the mirror.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from absl import logging

from components.common.errors import NerError
from pipeline.kubeflow.container.mirror import to_uri

FOLDER_VARIABLE = "NER_BEAM_FOLDER"
"""Environment variable of a node: the folder, if Beam's workers run outside the pod."""


@contextlib.contextmanager
def through_shared_folder(
    inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]], folder: str | None = None
) -> Iterator[None]:
    """Moves an executor's mirrored artifacts to a shared folder while the block runs.

    Inputs are copied there before the block, outputs back into the mirror after it unless it fails, and the copies are
    removed. Artifacts outside the mirrors, on a volume, are not moved.

    Args:
        inputs: the executor's input artifacts, with paths as URIs.
        outputs: its output artifacts, likewise; their folders exist.
        folder: path or `gs://` address; None for `NER_BEAM_FOLDER`, without which nothing is moved.

    Raises:
        NerError: the folder does not exist.
    """
    from tfx.dsl.io import fileio

    folder = os.environ.get(FOLDER_VARIABLE, "") if folder is None else folder
    if not folder:
        yield
        return
    if "://" not in folder and not os.path.isdir(folder):
        raise NerError(
            f"{FOLDER_VARIABLE}: {folder} is not a folder in this pod. Mount the same volume there in the node "
            "(configs/kubeflow.yaml) and in Beam's workers, or give a gs:// address."
        )
    own = f"{folder.rstrip('/')}/{uuid.uuid4().hex}"
    moved = dict(_copies(own, inputs, outputs))
    originals = {copy: artifact.uri for copy, artifact in moved.items()}
    try:
        for copy, original in originals.items():
            _copy(original, copy)
            moved[copy].uri = copy
        yield
        for copy, original in originals.items():
            if copy.startswith(f"{own}/out/"):
                _copy(copy, original)
    finally:
        for copy, original in originals.items():
            moved[copy].uri = original
        if fileio.exists(own):
            fileio.rmtree(own)


def _copies(own: str, inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    for side, dictionary in (("in", inputs), ("out", outputs)):
        for name, artifacts in dictionary.items():
            for number, artifact in enumerate(artifacts):
                if to_uri(artifact.uri) != artifact.uri:
                    kept = os.path.basename(artifact.uri.rstrip("/"))  # the name of a corpus file says its format
                    yield f"{own}/{side}/{name}/{number}/{kept}", artifact


def _copy(source: str, target: str) -> None:
    """Copies a folder or a file over the target."""
    from tfx.dsl.io import fileio
    from tfx.utils import io_utils

    logging.info("Copying %s to %s", source, target)
    if fileio.isdir(source):
        io_utils.copy_dir(source, target)
    elif fileio.exists(source):  # an object store has no empty folders
        fileio.makedirs(os.path.dirname(target))
        fileio.copy(source, target, overwrite=True)
