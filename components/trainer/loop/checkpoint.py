"""The state of a training in a file."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.common.errors import NerError
from components.trainer.loop.epoch_log import Row

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


_VARIABLE, _BEST = "variable", "best"


@dataclasses.dataclass
class Progress:
    """How far a training has come; JSON can hold it.

    Attributes:
        epoch: number of the epoch that is under way, from 0.
        step: how many of its batches have been trained on.
        steps: how many batches have been trained on in all epochs.
        loss_sum: of these batches' losses, each times its tokens.
        tokens: of these batches.
        seconds: that they took.
        waited: seconds of these in which there was no batch.
        rows: of the epochs that are done.
        best_epoch: position in `rows` of the one with the highest entity F1, the first of equals; -1 before there is
            one.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    loss_sum: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    rows: list[Row] = dataclasses.field(default_factory=list)
    best_epoch: int = -1

    @property
    def best_f1(self) -> float:
        """The highest entity F1 until now, -1 before there is one."""
        return float(self.rows[self.best_epoch]["val_entity_f1"] or 0.0) if self.rows else -1.0

    def end_epoch(self, row: Row) -> None:
        """Keeps an epoch's row and begins the next one."""
        self.rows.append(row)
        self.epoch, self.step = self.epoch + 1, 0
        self.loss_sum, self.tokens, self.seconds, self.waited = 0.0, 0, 0.0, 0.0


class TrainingState:
    """Numbers and variables of a training, to be written to a checkpoint and to be read from it.

    Attributes:
        progress: how far it has come.
        best_weights: of the best epoch, empty before there is one.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        """Names what training changes: weights, states of random generators, the optimizer, moving averages."""
        self._variables = variables
        self.progress = Progress()
        self.best_weights: list[np.ndarray] = []

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes everything."""
        arrays = {f"{_VARIABLE}_{i}": variable.numpy() for i, variable in enumerate(self._variables)}
        arrays |= {f"{_BEST}_{i}": weights for i, weights in enumerate(self.best_weights)}
        checkpoint.save(dataclasses.asdict(self.progress), arrays)

    def restore(self, checkpoint: Checkpoint) -> bool:
        """Reads everything; returns whether there was anything to read.

        Raises:
            NerError: the checkpoint cannot be read, or is that of another model.
        """
        kept = checkpoint.load()
        if kept is None:
            return False
        numbers, arrays = kept
        values = _numbered(arrays, _VARIABLE)
        if [value.shape for value in values] != [tuple(variable.shape) for variable in self._variables]:
            raise NerError(f"{checkpoint}: this is the state of another model. Delete it to train from the beginning.")
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        self.best_weights = _numbered(arrays, _BEST)
        self.progress = Progress(**numbers)
        return True


def _numbered(arrays: Mapping[str, Any], name: str) -> list[np.ndarray]:
    count = sum(key.startswith(f"{name}_") for key in arrays)
    return [arrays[f"{name}_{i}"] for i in range(count)]
