"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from components.common.errors import NerError
from components.trainer.data.batches import Batches, prefetched
from components.trainer.data.window_table import Batch
from components.trainer.devices import Devices
from components.trainer.loop.checkpoint import Checkpoint, Progress, TrainingState
from components.trainer.loop.epoch_log import EpochLog, Row
from components.trainer.loop.optimizer import Adam, WeightAverage
from components.trainer.loop.throughput import peak_flops, training_flops_per_token
from components.trainer.loop.training_step import Objective, TrainingStep, weights_of
from components.trainer.scoring.dev_scorer import DevScorer
from components.trainer.settings import TrainerSettings

# Losses wait on the device until then: to ask for each one would make the device wait.
_LOSSES_AT_ONCE = 100


class FitResult(NamedTuple):
    """What `fit` says about a training; the weights are in the model.

    Attributes:
        history: one row an epoch.
        best_epoch: position of the row whose weights were kept.
    """

    history: tuple[Row, ...]
    best_epoch: int


def fit(
    model: keras.Model,
    objective: Objective,
    batches: Batches,
    scorer: DevScorer,
    settings: TrainerSettings,
    devices: Devices,
    checkpoint: Checkpoint | None = None,
    log: EpochLog | None = None,
) -> FitResult:
    """Trains a model and leaves the weights of its best epoch by entity F1 on the eval split in it.

    A loop of our own and not `keras.Model.fit`, which cannot go on in the middle of an epoch with the batches and the
    dropout that would have come, fails on several hosts (keras-team/keras#20585), and works through the batches in one
    piece.

    Two runs with the same arguments give the same weights to the last bit, and so does one that was killed and went on
    from its checkpoint.

    Args:
        model: a built model, made under the strategy of `devices`.
        objective: what to make small; `supervised` makes one of a loss.
        batches: of the training split.
        scorer: of the eval split.
        settings: steps, sizes, patience.
        devices: what to train on.
        checkpoint: where the state is kept, and gone on from if there is one; none keeps nothing.
        log: is told about each epoch.

    Raises:
        NerError: the checkpoint cannot be used, or the loss is no number any more.
    """
    return _Training(model, objective, batches, scorer, settings, devices, checkpoint, log).run()


class _Training:
    """A training under way."""

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        batches: Batches,
        scorer: DevScorer,
        settings: TrainerSettings,
        devices: Devices,
        checkpoint: Checkpoint | None,
        log: EpochLog | None,
    ) -> None:
        self._batches, self._scorer, self._settings = batches, scorer, settings
        self._devices, self._checkpoint, self._log = devices, checkpoint, log
        self._weights = weights_of(model)
        optimizer = Adam(self._weights, _schedule(settings, batches), devices.strategy)
        self._average = WeightAverage(self._weights, settings.averaging, devices.strategy)
        self._step = TrainingStep(
            model, objective, optimizer, devices, settings.clip_norm, settings.accumulation_steps, settings.jit_compile
        )
        variables = [variable.value for variable in model.variables]
        self._state = TrainingState([*variables, *optimizer.variables, *self._average.variables])
        self._flops = training_flops_per_token(model)

    def run(self) -> FitResult:
        self._restore()
        while not self._is_over():
            self._train_epoch()
            self._end_epoch()
        for weight, best in zip(self._weights, self._state.best_weights, strict=True):
            weight.assign(best)
        return FitResult(tuple(self._state.progress.rows), self._state.progress.best_epoch)

    def _restore(self) -> None:
        if self._checkpoint and self._state.restore(self._checkpoint):
            progress = self._state.progress
            logging.info("goes on from %s: epoch %d, step %d", self._checkpoint, progress.epoch + 1, progress.step)

    def _is_over(self) -> bool:
        progress = self._state.progress
        waited = len(progress.rows) - 1 - progress.best_epoch
        return progress.epoch >= self._settings.epochs or (bool(progress.rows) and waited >= self._settings.patience)

    def _train_epoch(self) -> None:
        progress, losses = self._state.progress, _Losses(self._state.progress)
        clock = _Clock(progress)
        for batch in clock.timed(self._next_batches()):
            losses.add(self._step(batch), int(np.count_nonzero(batch.tags)))
            progress.step += 1
            progress.steps += 1
            self._average.after_step(progress.steps)
            if self._checkpoint and progress.steps % self._settings.checkpoint_steps == 0:
                losses.settle()
                clock.stop()
                if self._devices.is_chief:
                    self._state.save(self._checkpoint)
                clock.start()
        losses.settle()
        clock.stop()

    def _next_batches(self) -> Iterator[Batch]:
        batches = self._batches.epoch(self._state.progress.epoch, skip=self._state.progress.step)
        return prefetched(tf.nest.map_structure(tf.constant, batch) for batch in batches)

    def _end_epoch(self) -> None:
        state, progress = self._state, self._state.progress
        with self._devices.strategy.scope(), self._average.in_place():  # the scope: on the same device
            scores = self._scorer.score()
            if scores["val_entity_f1"] > progress.best_f1:
                state.best_weights = [weight.numpy() for weight in self._weights]
                progress.best_epoch = progress.epoch
        progress.end_epoch({**self._training_row(progress), **scores})
        if self._log and self._devices.is_chief:
            self._log.write(progress.epoch, progress.rows[-1], progress.best_f1)

    def _training_row(self, progress: Progress) -> Row:
        rate = progress.tokens / max(progress.seconds, 1e-9)
        peak = peak_flops(self._devices.gpus * self._devices.hosts, self._settings.precision == "bfloat16")
        return {
            "loss": progress.loss_sum / max(progress.tokens, 1),
            "tokens_per_second": rate,
            "data_wait": progress.waited / max(progress.seconds, 1e-9),
            "mfu": rate * self._flops / peak if peak else None,
        }


class _Losses:
    """Adds up losses without making the device wait for each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._open: list[tuple[tf.Tensor, int]] = []

    def add(self, loss: tf.Tensor, tokens: int) -> None:
        self._open.append((loss, tokens))
        if len(self._open) >= _LOSSES_AT_ONCE:
            self.settle()

    def settle(self) -> None:
        for loss, tokens in self._open:
            self._progress.loss_sum += float(loss) * tokens
            self._progress.tokens += tokens
        self._open.clear()
        if not np.isfinite(self._progress.loss_sum):
            raise NerError(
                f"the loss is no number any more after {self._progress.steps} steps: lower trainer.learning_rate or "
                "trainer.clip_norm, or raise trainer.warmup"
            )


class _Clock:
    """Takes the time of training, and how much of it was spent waiting for a batch."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.perf_counter()

    def start(self) -> None:
        self._began = time.perf_counter()

    def stop(self) -> None:
        self._progress.seconds += time.perf_counter() - self._began

    def timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self._progress.waited += time.perf_counter() - asked
            if batch is None:
                return
            yield batch


def _schedule(settings: TrainerSettings, batches: Batches) -> Any:
    steps = sum(batches.steps(epoch) for epoch in range(settings.epochs))
    warmup = int(settings.warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else settings.learning_rate,
        decay_steps=max(steps - warmup, 1),
        warmup_target=settings.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
