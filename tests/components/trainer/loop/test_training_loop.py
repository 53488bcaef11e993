"""The training loop."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from components.common.errors import NerError
from components.trainer.loop import training_loop as fit_module
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.loop.training_loop import fit
from components.trainer.loop.training_step import TrainingStep, supervised
from components.trainer.scoring.dev_scorer import DevScorer

CLOCKED = {"tokens_per_second", "data_wait"}


def same(one, other):
    return all((mine == theirs).all() for mine, theirs in zip(one, other, strict=True))


def without_clock(history):
    return [{name: value for name, value in row.items() if name not in CLOCKED} for row in history]


def scored(monkeypatch, f1s):
    """Makes the eval split say these, one an epoch."""
    answers = iter(f1s)
    real = DevScorer.score
    monkeypatch.setattr(DevScorer, "score", lambda self: {**real(self), "val_entity_f1": next(answers)})


def test_a_tagger_learns(made_up, cpu):
    _, result = made_up.fit(cpu, epochs=12, patience=12)
    assert result.history[-1]["val_entity_f1"] > 0.9
    losses = [row["loss"] for row in result.history]
    assert losses[-1] < losses[0] / 3


@pytest.mark.parametrize(
    ("f1s", "epochs", "best"),
    [([0.1, 0.5, 0.4, 0.5], 4, 1), ([0.0, 0.0, 0.0], 3, 0), ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 6, 5)],
)
def test_training_stops_after_some_epochs_without_a_better_f1(made_up, cpu, monkeypatch, f1s, epochs, best):
    scored(monkeypatch, f1s)
    _, result = made_up.fit(cpu, epochs=6, patience=2)
    assert (len(result.history), result.best_epoch) == (epochs, best)


@pytest.mark.parametrize("averaging", [0.0, 0.5])
def test_the_weights_of_the_best_epoch_are_kept(made_up, cpu, monkeypatch, averaging):
    kept = []
    real = fit_module._Training._end_epoch

    def spy(training):
        with training._average.in_place():
            kept.append([weight.numpy() for weight in training._weights])
        real(training)

    monkeypatch.setattr(fit_module._Training, "_end_epoch", spy)
    scored(monkeypatch, [0.1, 0.5, 0.2])
    weights, _ = made_up.fit(cpu, epochs=3, averaging=averaging)
    assert same(weights, kept[1])
    assert not same(weights, kept[2])


@pytest.mark.parametrize("stop", [1, 7, 13, 20])
def test_training_that_went_on_is_training_that_was_never_stopped(made_up, cpu, tmp_path, monkeypatch, stop):
    whole, expected = made_up.fit(cpu, averaging=0.9, accumulation_steps=2)
    calls, step = itertools.count(1), TrainingStep.__call__

    def stops(self, batch):
        if next(calls) > stop:
            raise KeyboardInterrupt
        return step(self, batch)

    checkpoint = Checkpoint(tmp_path)
    told = {"averaging": 0.9, "accumulation_steps": 2, "checkpoint_steps": 3}
    with monkeypatch.context() as patch:
        patch.setattr(TrainingStep, "__call__", stops)
        with pytest.raises(KeyboardInterrupt):
            made_up.fit(cpu, checkpoint, **told)
    assert (checkpoint.load() is not None) == (stop >= 3)
    weights, result = made_up.fit(cpu, checkpoint, **told)
    assert same(weights, whole)
    assert without_clock(result.history) == without_clock(expected.history)
    assert result.best_epoch == expected.best_epoch


def test_steps_before_the_checkpoint_are_not_repeated(made_up, cpu, tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path)
    made_up.fit(cpu, checkpoint, checkpoint_steps=4)
    steps = made_up.batches().steps(0) * 3
    count, step = [], TrainingStep.__call__
    monkeypatch.setattr(TrainingStep, "__call__", lambda self, batch: count.append(1) or step(self, batch))
    made_up.fit(cpu, checkpoint, checkpoint_steps=4)
    assert len(count) == steps % 4


def test_same_seed_gives_the_same_weights_and_dropout_is_on(made_up, cpu):
    first, again, without = (made_up.fit(cpu, epochs=1, dropout=rate)[0] for rate in (0.1, 0.1, 0.0))
    assert same(first, again)
    assert not same(first, without)


def test_a_loss_that_is_no_number_stops_training(made_up, cpu):
    with pytest.raises(NerError, match=r"the loss is no number any more after \d+ steps: lower trainer.learning_rate"):
        made_up.fit(cpu, learning_rate=float("inf"), warmup=0.0, averaging=0.0)


def test_another_objective_can_be_trained_for(made_up, cpu):
    import tensorflow as tf

    def to_be_sure(model, features, tags):
        """The loss, and that logits are small."""
        logits = model(features, training=True)
        return made_up.loss(tags, logits) + tf.reduce_mean(logits[..., 1:] ** 2)

    sizes = []
    for objective in (supervised(made_up.loss), to_be_sure):
        model = made_up.model(cpu)
        told = made_up.settings(epochs=2)
        fit(model, objective, made_up.batches(), made_up.scorer(model, cpu), told, cpu)
        batch = next(made_up.batches().epoch(0))
        sizes.append(np.abs(model(batch.features)[..., 1:]).mean())
    assert sizes[1] < 0.8 * sizes[0]
