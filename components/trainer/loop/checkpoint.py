"""The state of a training in a file."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.common.errors import NerError

_FILE = "state.npz"
_NUMBERS = "numbers"


class Checkpoint:
    """Keeps the newest state of one training, to go on with after it was stopped.

    One file, replaced as a whole: a state is either there, complete, or not there. Neither Keras nor TensorFlow serves:
    Keras' BackupAndRestore goes back to weights and optimizer without the state of dropout or the position in the data,
    and tf.train.Checkpoint writes several files that belong together.
    """

    def __init__(self, folder: str | Path) -> None:
        """Names the folder, which is made when there is something to keep.

        Args:
            folder: one for each training; a path, or an address that `tf.io.gfile` knows (gs://).
        """
        self._folder = str(folder)
        self._path = f"{self._folder}/{_FILE}"

    def __str__(self) -> str:
        """The file."""
        return self._path

    def save(self, numbers: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Replaces what was kept.

        Args:
            numbers: what JSON can hold.
            arrays: any number of arrays, by name.
        """
        tf.io.gfile.makedirs(self._folder)
        encoded = np.frombuffer(json.dumps(numbers).encode(), np.uint8)
        is_local = "://" not in self._folder
        with _temporary_file(self._folder if is_local else None) as file:
            with file.open("wb") as handle:
                np.savez(handle, **{_NUMBERS: encoded}, **arrays)
                handle.flush()
                os.fsync(handle.fileno())
            if is_local:
                file.replace(self._path)
            else:
                tf.io.gfile.copy(str(file), self._path, overwrite=True)  # object stores show complete objects only

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Returns what `save` was given, or none.

        Raises:
            NerError: the file is damaged.
        """
        if not tf.io.gfile.exists(self._path):
            return None
        try:
            with tf.io.gfile.GFile(self._path, "rb") as handle, np.load(handle) as file:
                arrays = {name: file[name] for name in file.files}
            return json.loads(arrays.pop(_NUMBERS).tobytes()), arrays
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise NerError(
                f"{self._path}: the state of a stopped training cannot be read ({error}). Delete the file to train "
                "from the beginning."
            ) from error

    def discard(self) -> None:
        """Deletes what was kept; to be called when the trained model is safe."""
        with contextlib.suppress(tf.errors.NotFoundError):
            tf.io.gfile.rmtree(self._folder)


@contextlib.contextmanager
def _temporary_file(folder: str | None) -> Iterator[Path]:
    """Gives the path of a new file that is gone afterwards, unless it was moved."""
    descriptor, name = tempfile.mkstemp(suffix=".tmp", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
