"""State of a training, and the file that it is saved to."""

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
from components.keys import VAL_ENTITY_F1
from components.trainer.loop.epoch_log import Row

_FILE = "state.npz"
_NUMBERS = "numbers"
_VARIABLE, _BEST = "variable", "best"


class Checkpoint:
    """File with the latest state of one training.

    The file is replaced as a whole, so a state is complete or absent. No library was suitable: Keras's BackupAndRestore
    saves weights and optimizer without the dropout state and the position in the data, and tf.train.Checkpoint writes
    several files that belong together.
    """

    def __init__(self, folder: str | Path) -> None:
        """Names the folder, which the first `save` creates.

        Args:
            folder: a separate folder for each training: a path, or an address that `tf.io.gfile` knows (gs://).
        """
        self._folder = str(folder)
        self._path = f"{self._folder}/{_FILE}"

    def __str__(self) -> str:
        """Returns the path of the file."""
        return self._path

    def save(self, numbers: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Replaces the saved state.

        Args:
            numbers: values that JSON can represent.
            arrays: any number of arrays by name.
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
        """Returns numbers and arrays of the last `save`, or None if there is none.

        Another process may replace the file during the read, which gives the old state or the new one.

        Raises:
            NerError: the file is damaged.
        """
        try:
            with _opened(self._path) as handle, np.load(handle) as file:
                arrays = {name: file[name] for name in file.files}
            return json.loads(arrays.pop(_NUMBERS).tobytes()), arrays
        except (FileNotFoundError, tf.errors.NotFoundError):
            return None
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise NerError(
                f"{self._path}: the saved state of a training cannot be read ({error}). Delete the file to train "
                "from the beginning."
            ) from error

    def discard(self) -> None:
        """Deletes the saved state; call it when the trained model is saved."""
        with contextlib.suppress(tf.errors.NotFoundError):
            tf.io.gfile.rmtree(self._folder)


def _opened(path: str) -> Any:
    # GFile takes a file's size from its path, which may belong to the next state already, and zip files are read from
    # their end.
    return tf.io.gfile.GFile(path, "rb") if "://" in path else open(path, "rb")


@contextlib.contextmanager
def _temporary_file(folder: str | None) -> Iterator[Path]:
    """Yields the path of a new file, which is deleted afterwards unless it was moved."""
    descriptor, name = tempfile.mkstemp(suffix=".tmp", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@dataclasses.dataclass
class Progress:
    """Position of a training and figures up to there; JSON can represent it.

    Attributes:
        epoch: index of the current epoch.
        step: number of its batches done.
        steps: number of batches done in all epochs.
        loss_sum: sum over the current epoch's batches of loss times tokens.
        tokens: tokens in these batches.
        seconds: seconds spent on them.
        waited: part of these seconds spent waiting for a batch.
        rows: rows of the finished epochs.
        best_epoch: index in `rows` of the epoch whose weights are kept, the best one so far; -1 before the first epoch
            ends.
        highest_epoch: index in `rows` of the epoch with the highest F1 so far, the first of equals; -1 before the
            first epoch ends. The best epoch may be a later one with nearly the same F1.
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
    highest_epoch: int = -1

    @property
    def highest_f1(self) -> float:
        """The highest entity F1 so far, -1 before the first epoch ends."""
        return float(self.rows[self.highest_epoch][VAL_ENTITY_F1] or 0.0) if self.rows else -1.0

    def is_over(self, epochs: int, patience: int, floor: int) -> bool:
        """Tells whether all epochs are done, or the last `patience` epochs brought no higher F1.

        Epochs before `floor`, the index of the first one that may be kept, do not count.
        """
        without_gain = len(self.rows) - 1 - max(self.highest_epoch, floor)
        return self.epoch >= epochs or (bool(self.rows) and without_gain >= patience)

    def end_epoch(self, row: Row) -> None:
        """Appends the epoch's row and starts the next epoch."""
        self.rows.append(row)
        self.epoch, self.step = self.epoch + 1, 0
        self.loss_sum, self.tokens, self.seconds, self.waited = 0.0, 0, 0.0, 0.0


class TrainingState:
    """Progress and variables of a training.

    Attributes:
        progress: position and figures.
        best_weights: weights of the best epoch; empty before the first epoch ends.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        """Names the variables that training changes: weights, random generators, optimizer, moving averages."""
        self._variables = variables
        self.progress = Progress()
        self.best_weights: list[np.ndarray] = []

    def save(self, checkpoint: Checkpoint) -> None:
        """Saves progress, variables and the weights of the best epoch."""
        arrays = {f"{_VARIABLE}_{i}": variable.numpy() for i, variable in enumerate(self._variables)}
        arrays |= {f"{_BEST}_{i}": weights for i, weights in enumerate(self.best_weights)}
        checkpoint.save(dataclasses.asdict(self.progress), arrays)

    def restore(self, checkpoint: Checkpoint) -> bool:
        """Restores the saved state; returns False if there is none.

        Raises:
            NerError: the checkpoint cannot be read, or belongs to another model.
        """
        saved = checkpoint.load()
        if saved is None:
            return False
        numbers, arrays = saved
        values = _numbered(arrays, _VARIABLE)
        if [value.shape for value in values] != [tuple(variable.shape) for variable in self._variables]:
            raise NerError(
                f"{checkpoint}: this is the state of another model. Delete the file to train from the beginning."
            )
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        self.best_weights = _numbered(arrays, _BEST)
        self.progress = Progress(**numbers)
        return True


def _numbered(arrays: Mapping[str, Any], name: str) -> list[np.ndarray]:
    count = sum(key.startswith(f"{name}_") for key in arrays)
    return [arrays[f"{name}_{i}"] for i in range(count)]
