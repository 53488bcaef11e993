"""All that a training must not forget when it is stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.common.errors import NerError
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.loop.epoch_log import Row

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
