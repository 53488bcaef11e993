"""A folder that Beam's workers reach too, where they run outside the node's pod.

Kubeflow's launcher mirrors the object store into the pod (`mirror`): workers of Flink, Spark or Dataflow see nothing of
it. So a node's artifacts go through a folder that both sides reach: a volume that the pod and the workers mount at the
same path, or `gs://`, which TensorFlow and Beam speak. The launcher still finds the outputs in the mirror.
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
"""Environment variable of a node: the folder, when Beam's workers run outside the pod."""


@contextlib.contextmanager
def through_shared_folder(
    inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]], folder: str | None = None
) -> Iterator[None]:
    """Lets an executor find its mirrored inputs, and leave its outputs, in a shared folder while the block runs.

    Inputs are copied there before, outputs into the mirror afterwards, unless the block failed; in the end nothing is
    left of both. What lies outside the mirrors, on a volume, stays where it is.

    Args:
        inputs: the executor's input artifacts, whose `uri`s are paths in the pod.
        outputs: its output artifacts, likewise; their folders exist.
        folder: path or `gs://` address; `NER_BEAM_FOLDER` when not given, and without that nothing is done.

    Raises:
        NerError: the folder is not there.
    """
    from tfx.dsl.io import fileio

    folder = os.environ.get(FOLDER_VARIABLE, "") if folder is None else folder
    if not folder:
        yield
        return
    if "://" not in folder and not os.path.isdir(folder):
        raise NerError(
            f"{FOLDER_VARIABLE} is {folder}, which is no folder here. Mount the same volume there in the node "
            "(configs/kubeflow.yaml) and in Beam's workers, or name a gs:// address."
        )
    own = f"{folder.rstrip('/')}/{uuid.uuid4().hex}"
    moved = dict(_places(own, inputs, outputs))
    homes = {place: artifact.uri for place, artifact in moved.items()}
    try:
        for place, home in homes.items():
            _copy(home, place)
            moved[place].uri = place
        yield
        for place in homes:
            if place.startswith(f"{own}/out/"):
                _copy(place, homes[place])
    finally:
        for place, home in homes.items():
            moved[place].uri = home
        if fileio.exists(own):
            fileio.rmtree(own)


def _places(own: str, inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    for side, dictionary in (("in", inputs), ("out", outputs)):
        for name, artifacts in dictionary.items():
            for number, artifact in enumerate(artifacts):
                if to_uri(artifact.uri) != artifact.uri:
                    yield f"{own}/{side}/{name}/{number}", artifact


def _copy(source: str, target: str) -> None:
    """Copies a folder with all that is in it, or a file, whatever lies at the target."""
    from tfx.dsl.io import fileio
    from tfx.utils import io_utils

    logging.info("copies %s to %s", source, target)
    if fileio.isdir(source):
        io_utils.copy_dir(source, target)
    elif fileio.exists(source):  # an object store has no empty folders
        fileio.makedirs(os.path.dirname(target))
        fileio.copy(source, target, overwrite=True)
