"""The transform graph of a trained model, as one file next to its weights.

Without it a trained model reads transformed examples only, and a teacher gets raw texts.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Iterator

import tensorflow as tf

from components.common.errors import NerError
from components.keys import TRANSFORM_GRAPH_FILE

_PARTS = ("metadata", "transform_fn", "transformed_metadata")  # those of tft.TFTransformOutput


def archive_graph(transform_graph: str, folder: str) -> None:
    """Writes the files of a transform graph into the folder of a trained model; equal files give equal bytes.

    Args:
        transform_graph: folder of tf.Transform's output: a path, or an address that `tf.io.gfile` knows.
        folder: the same for the trained model.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in _PARTS:
            for parent, _, names in sorted(tf.io.gfile.walk(f"{transform_graph}/{part}")):
                for name in sorted(names):
                    path = f"{parent.rstrip('/')}/{name}"
                    info = zipfile.ZipInfo(path.removeprefix(f"{transform_graph}/"))  # of 1980, as in every archive
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, tf.io.gfile.GFile(path, "rb").read())
    with tf.io.gfile.GFile(f"{folder}/{TRANSFORM_GRAPH_FILE}", "wb") as file:
        file.write(content.getvalue())


@contextlib.contextmanager
def extracted_graph(folder: str) -> Iterator[str]:
    """Yields a temporary folder with the transform graph of a trained model.

    Args:
        folder: of the trained model.

    Raises:
        NerError: it has none, because an earlier version of the code wrote it.
    """
    archive = f"{folder}/{TRANSFORM_GRAPH_FILE}"
    if not tf.io.gfile.exists(archive):
        raise NerError(
            f"trainer.teacher: {folder} has no {TRANSFORM_GRAPH_FILE}: an earlier version of the code wrote it. Train "
            "the teacher again."
        )
    with tempfile.TemporaryDirectory(prefix="teacher-") as scratch:
        with zipfile.ZipFile(io.BytesIO(tf.io.gfile.GFile(archive, "rb").read())) as file:
            file.extractall(scratch)
        yield scratch
