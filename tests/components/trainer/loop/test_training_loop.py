"""The training loop."""

from __future__ import annotations

import os
import signal

import pytest
from support.lazy import LazyModule

from components.common import interruption
from components.common.errors import NerError

checkpoints = LazyModule("components.trainer.loop.checkpoint")
epoch_log = LazyModule("components.trainer.loop.epoch_log")
CLOCKED = {"tokens_per_second", "data_wait"}


def same(one, other):
    return all((mine == theirs).all() for mine, theirs in zip(one, other, strict=True))


def without_clock(history):
    return [{name: value for name, value in row.items() if name not in CLOCKED} for row in history]


class ScriptedScorer:
    """Gives prescribed scores, one an epoch, and keeps the weights that it was asked to score.

    `entities` is the number of labelled ones: differences of F1 below 2 / `entities` count as chance.
    """

    def __init__(self, model, f1s, entities=None):
        self.model, self.f1s, self.weights = model, iter(f1s), []
        self.entities = {} if entities is None else {"val_entities": entities}

    def score(self):
        self.weights.append([weight.numpy() for weight in self.model.trainable_variables])
        names = ("val_loss", "val_entity_precision", "val_entity_recall", "outside_bias")
        return {**dict.fromkeys(names, 0.0), "val_entity_f1": next(self.f1s), **self.entities}


class CountedBatches:
    """Batches that count themselves and end the training after some of them."""

    def __init__(self, batches, stop=None):
        self.batches, self.stop, self.steps, self.count = batches, stop, batches.steps, 0

    def epoch(self, epoch, skip=0):
        for batch in self.batches.epoch(epoch, skip):
            if self.count == self.stop:
                raise KeyboardInterrupt
            self.count += 1
            yield batch


def test_a_tagger_learns(made_up, cpu):
    _, result = made_up.fit(cpu, epochs=12, patience=12)
    assert result.history[-1]["val_entity_f1"] > 0.9
    losses = [row["loss"] for row in result.history]
    assert losses[-1] < losses[0] / 3


@pytest.mark.parametrize(
    ("f1s", "epochs", "best"),
    [([0.1, 0.5, 0.4, 0.5], 4, 1), ([0.0, 0.0, 0.0], 3, 0), ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 6, 5)],
)
def test_training_stops_after_patience_epochs_without_a_better_f1(made_up, cpu, f1s, epochs, best):
    _, result = made_up.fit(cpu, epochs=6, patience=2, scorer=lambda model: ScriptedScorer(model, f1s))
    assert (len(result.history), result.best_epoch) == (epochs, best)


def test_no_epoch_before_the_floor_of_steps_is_kept(made_up, cpu, monkeypatch):
    monkeypatch.setattr("components.trainer.loop.training_loop._FLOOR", 15)  # epochs have ten steps
    scorers = []

    def scorer(model):
        scorers.append(ScriptedScorer(model, [0.9, 0.5, 0.6, 0.6]))
        return scorers[0]

    weights, result = made_up.fit(cpu, epochs=4, patience=4, averaging=0.0, scorer=scorer)
    assert result.best_epoch == 2
    assert same(weights, scorers[0].weights[2])


def test_the_log_marks_the_epochs_that_would_be_kept_and_none_before_the_floor(made_up, cpu, monkeypatch):
    monkeypatch.setattr("components.trainer.loop.training_loop._FLOOR", 15)  # epochs have ten steps
    marks = []

    class Marks(epoch_log.EpochLog):
        def write(self, epoch, row, *, kept):
            marks.append(kept)

    f1s = [0.9, 0.5, 0.3, 0.45, 0.6]
    made_up.fit(cpu, epochs=5, patience=5, log=Marks(None, 5), scorer=lambda model: ScriptedScorer(model, f1s, 20))
    assert marks == [False, True, False, True, True]


@pytest.mark.parametrize(("entities", "best"), [(1000, 0), (50, 1), (20, 2)])
def test_of_epochs_that_differ_by_chance_the_last_is_kept(made_up, cpu, entities, best):
    f1s = [0.5, 0.47, 0.44]
    _, result = made_up.fit(cpu, epochs=3, patience=3, scorer=lambda model: ScriptedScorer(model, f1s, entities))
    assert result.best_epoch == best


def test_patience_counts_from_the_highest_f1(made_up, cpu):
    f1s, few = [0.4, 0.5] + [0.3] * 7, 2  # every epoch is close to the highest
    _, result = made_up.fit(cpu, epochs=9, patience=3, scorer=lambda model: ScriptedScorer(model, f1s, few))
    assert (len(result.history), result.best_epoch) == (5, 4)


def test_patience_does_not_end_a_training_before_an_epoch_may_be_kept(made_up, cpu, monkeypatch):
    monkeypatch.setattr("components.trainer.loop.training_loop._FLOOR", 35)  # epochs have ten steps
    f1s = [0.9, 0.1, 0.1, 0.2, 0.1, 0.3, 0.1]
    _, result = made_up.fit(cpu, epochs=7, patience=1, scorer=lambda model: ScriptedScorer(model, f1s))
    assert (len(result.history), result.best_epoch) == (5, 3)


def test_without_entities_in_the_eval_split_the_last_epoch_is_kept(made_up, cpu):
    _, result = made_up.fit(cpu, epochs=4, patience=2, scorer=lambda model: ScriptedScorer(model, [0.0] * 4, 0))
    assert (len(result.history), result.best_epoch) == (4, 3)


@pytest.mark.parametrize("averaging", [0.0, 0.5])
def test_weights_of_the_best_epoch_are_kept(made_up, cpu, averaging):
    scorers = []

    def scorer(model):
        scorers.append(ScriptedScorer(model, [0.1, 0.5, 0.2]))
        return scorers[0]

    weights, _ = made_up.fit(cpu, epochs=3, averaging=averaging, scorer=scorer)
    assert same(weights, scorers[0].weights[1])
    assert not same(weights, scorers[0].weights[2])


@pytest.mark.parametrize("stop", [1, 7, 20])
def test_a_resumed_training_ends_like_an_uninterrupted_one(made_up, cpu, tmp_path, stop):
    settings = {"averaging": 0.9, "accumulation_steps": 2}
    whole, expected = made_up.fit(cpu, **settings)
    checkpoint = checkpoints.Checkpoint(tmp_path)
    settings |= {"checkpoint_steps": 3, "checkpoint": checkpoint}
    with pytest.raises(KeyboardInterrupt):
        made_up.fit(cpu, **settings, batches=CountedBatches(made_up.batches(), stop))
    assert (checkpoint.load() is not None) == (stop >= 3)
    weights, result = made_up.fit(cpu, **settings)
    assert same(weights, whole)
    assert without_clock(result.history) == without_clock(expected.history)
    assert result.best_epoch == expected.best_epoch


@pytest.mark.parametrize("stop", [1, 7, 12])
def test_a_signal_saves_the_state_at_that_step_and_the_same_call_resumes(made_up, cpu, tmp_path, stop):
    settings = {"averaging": 0.9, "checkpoint_steps": 1000}
    whole, expected = made_up.fit(cpu, **settings)
    checkpoint = checkpoints.Checkpoint(tmp_path)

    class Stopping:
        def __init__(self):
            self.batches, self.steps, self.count = made_up.batches(), made_up.batches().steps, 0

        def epoch(self, epoch, skip=0):
            for batch in self.batches.epoch(epoch, skip):
                self.count += 1
                if self.count == stop:
                    os.kill(os.getpid(), signal.SIGTERM)
                yield batch

    with interruption.handled(), pytest.raises(interruption.Interrupted) as raised:
        made_up.fit(cpu, **settings, checkpoint=checkpoint, batches=Stopping())
    assert raised.value.exit_code == 143
    # A thread prepares up to four batches ahead, so the signal comes some steps before the batch.
    assert max(stop - 5, 1) <= checkpoint.load()[0]["steps"] <= stop
    weights, result = made_up.fit(cpu, **settings, checkpoint=checkpoint)
    assert same(weights, whole)
    assert without_clock(result.history) == without_clock(expected.history)


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_signal_while_the_model_is_scored_loses_no_step(made_up, cpu, tmp_path, epoch):
    whole, expected = made_up.fit(cpu, averaging=0.9)
    checkpoint = checkpoints.Checkpoint(tmp_path)

    class Stopping:
        def __init__(self, scorer):
            self.scorer, self.count = scorer, 0

        def score(self):
            self.count += 1
            if self.count == epoch:
                os.kill(os.getpid(), signal.SIGTERM)
            return self.scorer.score()

    with interruption.handled(), pytest.raises(interruption.Interrupted):
        made_up.fit(
            cpu, averaging=0.9, checkpoint=checkpoint, scorer=lambda model: Stopping(made_up.scorer(model, cpu))
        )
    saved = checkpoint.load()[0]
    assert (saved["epoch"], saved["step"]) == (epoch - 1, made_up.batches().steps(epoch - 1))
    weights, result = made_up.fit(cpu, averaging=0.9, checkpoint=checkpoint)
    assert same(weights, whole)
    assert without_clock(result.history) == without_clock(expected.history)


def test_the_end_of_each_epoch_is_saved_and_its_steps_are_not_repeated(made_up, cpu, tmp_path):
    checkpoint = checkpoints.Checkpoint(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        made_up.fit(cpu, checkpoint=checkpoint, batches=CountedBatches(made_up.batches(), made_up.batches().steps(0)))
    assert (checkpoint.load()[0]["epoch"], checkpoint.load()[0]["step"]) == (1, 0)
    made_up.fit(cpu, checkpoint=checkpoint)
    batches = CountedBatches(made_up.batches())
    made_up.fit(cpu, checkpoint=checkpoint, batches=batches)
    assert batches.count == 0


@pytest.mark.parametrize(("seconds", "saved"), [(0.0, [1, 2, 3]), (3600.0, [1, 3])])
def test_short_epochs_between_the_first_and_the_last_are_not_saved(made_up, cpu, tmp_path, monkeypatch, seconds, saved):
    monkeypatch.setattr("components.trainer.loop.training_loop._SAVE_SECONDS", seconds)
    epochs = []

    class Recorded(checkpoints.Checkpoint):
        def save(self, numbers, arrays):
            epochs.append(numbers["epoch"])
            super().save(numbers, arrays)

    made_up.fit(cpu, epochs=3, patience=3, checkpoint=Recorded(tmp_path))
    assert epochs == saved


def test_equal_seeds_give_equal_weights_and_dropout_is_on(made_up, cpu):
    first, again, without = (made_up.fit(cpu, epochs=1, dropout=rate)[0] for rate in (0.1, 0.1, 0.0))
    assert same(first, again)
    assert not same(first, without)


def test_a_loss_that_is_not_finite_stops_training(made_up, cpu):
    message = r"training diverged: the loss is NaN or infinite after \d+ steps\. Lower trainer\.learning_rate"
    with pytest.raises(NerError, match=message):
        made_up.fit(cpu, learning_rate=1e38, warmup=0.0, averaging=0.0)


def test_another_objective_can_be_trained(made_up, cpu):
    import numpy as np
    import tensorflow as tf

    from components.trainer.loop.training_loop import TrainingLoop
    from components.trainer.loop.training_step import supervised

    def loss_and_small_logits(model, features, tags):
        logits = model(features, training=True)
        return made_up.loss(tags, logits) + tf.reduce_mean(logits[..., 1:] ** 2)

    sizes = []
    for objective in (supervised(made_up.loss), loss_and_small_logits):
        model = made_up.model(cpu)
        loop = TrainingLoop(model, objective, made_up.settings(epochs=2), cpu)
        loop.fit(made_up.batches(), made_up.scorer(model, cpu))
        batch = next(made_up.batches().epoch(0))
        sizes.append(np.abs(model(batch.features)[..., 1:]).mean())
    assert sizes[1] < 0.8 * sizes[0]
