"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from components.common import interruption
from components.common.errors import NerError, counted
from components.common.progress import report_progress
from components.keys import VAL_ENTITIES, VAL_ENTITY_F1
from components.trainer.data.batches import Batches, prefetched
from components.trainer.data.window_table import Batch
from components.trainer.devices import Devices
from components.trainer.loop.checkpoint import Checkpoint, Progress, TrainingState
from components.trainer.loop.epoch_log import EpochLog, Row
from components.trainer.loop.optimizer import Adam, WeightAverage, learning_rate_schedule
from components.trainer.loop.throughput import peak_flops, training_flops_per_token
from components.trainer.loop.training_step import Objective, TrainingStep, trainable_weights
from components.trainer.scoring.dev_scorer import DevScorer
from components.trainer.settings import SizedSettings

_SAVE_SECONDS = 5.0
"""Least time between the states saved at ends of epochs: saving each took a sixth of a small training."""

CLOSE_ENTITIES = 2
"""Differences of F1 below `CLOSE_ENTITIES / labelled entities` count as chance."""

_FLOOR = 500
"""Steps before which no epoch is kept, in a training of at least twice as many: on an eval split with 23 entities the
epoch after the first 100 steps had the highest F1 by chance."""


class FitResult(NamedTuple):
    """History of a training; the model holds the weights.

    Attributes:
        history: one row an epoch.
        best_epoch: index of the row whose weights were kept.
    """

    history: tuple[Row, ...]
    best_epoch: int


class TrainingLoop:
    """A training loop that resumes exactly and stops early by entity F1 on the eval split.

    Two runs with the same arguments end with identical weights, and so does a run that was killed and resumed from its
    checkpoint. docs/decisions/0007-own-optimizer-and-loop.md says why this is not `keras.Model.fit`.

    Example (`test_another_objective_can_be_trained` runs it):

        loop = TrainingLoop(model, supervised(loss), settings, devices)
        result = loop.fit(batches, scorer, checkpoint=Checkpoint("state"), log=EpochLog("logs", settings.epochs))
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        settings: SizedSettings,
        devices: Devices,
        *,
        warm: bool = False,
    ) -> None:
        """Stores the arguments.

        Args:
            model: a built model, created under the strategy of `devices`.
            objective: the function to minimize; `supervised` makes one from a loss.
            settings: step size, number of steps, patience.
            devices: devices to train on.
            warm: whether the model was trained before: its weights then count in their moving average.
        """
        self._model, self._objective, self._settings, self._devices = model, objective, settings, devices
        self._warm = warm

    def fit(
        self,
        batches: Batches,
        scorer: DevScorer,
        *,
        checkpoint: Checkpoint | None = None,
        log: EpochLog | None = None,
    ) -> FitResult:
        """Trains the model and leaves the weights of its best epoch in it.

        Args:
            batches: batches of the training split.
            scorer: scores the model on the eval split.
            checkpoint: file to resume from, if it exists, and to save the state to; None saves nothing.
            log: reports each epoch.

        Raises:
            NerError: the checkpoint cannot be read, or training diverged.
            Interrupted: a signal came; the state was saved after the step.
        """
        with interruption.postponed():
            return self._fit(batches, scorer, checkpoint, log)

    def _fit(
        self, batches: Batches, scorer: DevScorer, checkpoint: Checkpoint | None, log: EpochLog | None
    ) -> FitResult:
        settings, devices = self._settings, self._devices
        weights = trainable_weights(self._model)
        total_steps = sum(batches.steps(epoch) for epoch in range(settings.epochs))
        floor = _first_eligible(batches.steps(0), total_steps)
        optimizer = Adam(weights, learning_rate_schedule(settings, total_steps), devices.strategy)
        average = WeightAverage(weights, settings.averaging, devices.strategy, warm=self._warm)
        step = TrainingStep(
            self._model,
            self._objective,
            optimizer,
            devices,
            clip_norm=settings.clip_norm,
            pieces=settings.accumulation_steps,
            jit_compile=settings.jit_compile,
        )

        # The state holds every variable that a step reads or writes, random generators included.
        state = TrainingState(
            [variable.value for variable in self._model.variables] + optimizer.variables + average.variables
        )
        if checkpoint and state.restore(checkpoint):
            logging.info(
                "resuming from %s: epoch %d, step %d", checkpoint, state.progress.epoch + 1, state.progress.step
            )
        progress = state.progress
        meter = _Meter(progress)
        saved_at = float("-inf")

        def save() -> None:
            nonlocal saved_at
            if checkpoint and devices.is_chief:
                state.save(checkpoint)
                saved_at = time.monotonic()
                if interruption.received():
                    done = f"{counted(progress.epoch, 'epoch')} and {counted(progress.step, 'step')}"
                    logging.info("saved the state after %s", done)

        while not progress.is_over(settings.epochs, settings.patience, floor):
            # Train on the rest of the epoch.
            meter.start()
            for batch in meter.timed(_upcoming(batches, progress)):
                meter.add(step(batch), int(np.count_nonzero(batch.tags)))
                progress.step += 1
                progress.steps += 1
                report_progress("training", progress.steps, total_steps, steady=True)
                average.after_step(progress.steps)
                if progress.steps % settings.checkpoint_steps == 0 or interruption.received():
                    meter.stop()
                    save()
                    interruption.check()
                    meter.start()
            meter.stop()

            # Score the averaged weights, and keep them if no earlier ones are better. Patience counts from the highest
            # F1: with few entities every epoch may be close to it.
            try:
                with devices.strategy.scope(), average.in_place():  # the scope keeps them on the same device
                    scores = scorer.score()
                    if _is_highest(progress, scores, floor):
                        progress.highest_epoch = progress.best_epoch = progress.epoch
                    elif _is_close(progress, scores):
                        progress.best_epoch = progress.epoch
                    if progress.best_epoch == progress.epoch:
                        state.best_weights = [weight.numpy() for weight in weights]
            except interruption.Interrupted:
                save()  # behind the last step of the epoch: a resumed training scores it again
                raise
            kept = floor <= progress.epoch == progress.best_epoch
            rate = float(optimizer.learning_rate)  # after the last step of the epoch
            progress.end_epoch({**self._training_row(progress), "learning_rate": rate, **scores})
            if log and devices.is_chief:
                log.write(progress.epoch, progress.rows[-1], kept=kept)
            is_over = progress.is_over(settings.epochs, settings.patience, floor)
            if is_over or time.monotonic() - saved_at >= _SAVE_SECONDS or interruption.received():
                save()
            interruption.check()

        for weight, best in zip(weights, state.best_weights, strict=True):
            weight.assign(best)
        if log and devices.is_chief:
            log.finish(progress.rows, progress.best_epoch, _chance(progress.rows[-1]))
        return FitResult(tuple(progress.rows), progress.best_epoch)

    def _training_row(self, progress: Progress) -> Row:
        """Returns the training figures of the epoch that ends."""
        seconds = max(progress.seconds, 1e-9)
        rate = progress.tokens / seconds
        peak = peak_flops(self._devices.gpus * self._devices.hosts, self._settings.precision == "bfloat16")
        return {
            "loss": progress.loss_sum / max(progress.tokens, 1),
            "tokens_per_second": rate,
            "data_wait": progress.waited / seconds,
            "mfu": rate * training_flops_per_token(self._model) / peak if peak else None,
        }


def _first_eligible(epoch_steps: int, total_steps: int) -> int:
    """Returns the index of the first epoch that ends after `_FLOOR` steps; 0 for a training without so many left.

    Example:
        >>> _first_eligible(epoch_steps=100, total_steps=1000), _first_eligible(epoch_steps=100, total_steps=900)
        (4, 0)
    """
    return -(-_FLOOR // epoch_steps) - 1 if total_steps >= 2 * _FLOOR else 0


def _is_highest(progress: Progress, scores: Mapping[str, float | None], floor: int) -> bool:
    """Tells whether no earlier epoch has as high an F1.

    Epochs before the floor give way to the first one after it. Without entities in the eval split, each epoch is better
    than the one before.
    """
    if not scores.get(VAL_ENTITIES, 1):
        return True
    return progress.highest_epoch < floor <= progress.epoch or (scores[VAL_ENTITY_F1] or 0.0) > progress.highest_f1


def _is_close(progress: Progress, scores: Mapping[str, float | None]) -> bool:
    """Tells whether only chance separates the F1 from the highest; then the later epoch is kept."""
    return (scores[VAL_ENTITY_F1] or 0.0) > progress.highest_f1 - _chance(scores)


def _chance(scores: Mapping[str, float | None]) -> float:
    """Returns the difference of F1 below which two epochs count as equal."""
    return CLOSE_ENTITIES / (scores.get(VAL_ENTITIES) or float("inf"))


def _upcoming(batches: Batches, progress: Progress) -> Iterator[Batch]:
    """Returns the remaining batches of the epoch as tensors, prepared in a background thread."""
    remaining = batches.epoch(progress.epoch, skip=progress.step)
    return prefetched(tf.nest.map_structure(tf.constant, batch) for batch in remaining)


class _Meter:
    """Adds losses, tokens and seconds to the progress.

    Losses stay on the device until there are a hundred: reading one makes the device wait.
    """

    _LOSSES_AT_ONCE = 100

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._losses: list[tuple[tf.Tensor, int]] = []
        self._started = 0.0

    def start(self) -> None:
        self._started = time.perf_counter()

    def stop(self) -> None:
        self._add_up()
        self._progress.seconds += time.perf_counter() - self._started

    def timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yields the batches and measures how long the loop waits for each."""
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self._progress.waited += time.perf_counter() - asked
            if batch is None:
                return
            yield batch

    def add(self, loss: tf.Tensor, tokens: int) -> None:
        self._losses.append((loss, tokens))
        if len(self._losses) >= self._LOSSES_AT_ONCE:
            self._add_up()

    def _add_up(self) -> None:
        for loss, tokens in self._losses:
            self._progress.loss_sum += float(loss) * tokens
            self._progress.tokens += tokens
        self._losses.clear()
        if not np.isfinite(self._progress.loss_sum):
            raise NerError(
                f"training diverged: the loss is NaN or infinite after {counted(self._progress.steps, 'step')}. Lower "
                "trainer.learning_rate or trainer.clip_norm, or raise trainer.warmup."
            )
