"""One training step."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from support.lazy import LazyModule

training_step = LazyModule("components.trainer.loop.training_step")
optimizer = LazyModule("components.trainer.loop.optimizer")


def make_step(model, objective, devices, clip_norm=1.0, **kwargs):
    adam = optimizer.Adam(training_step.trainable_weights(model), lambda step: 0.01, devices.strategy)
    return training_step.TrainingStep(model, objective, adam, devices, clip_norm=clip_norm, **kwargs)


def after_steps(made_up, devices, steps=3, fixed_shapes=False, **kwargs):
    """Losses of some steps and the weights after them, without dropout, which depends on the shape of a batch."""
    model = made_up.model(devices, dropout=0.0)
    step = make_step(model, training_step.supervised(made_up.loss), devices, **kwargs)
    batches = list(made_up.batches(fixed_shapes=fixed_shapes).epoch(0))[:steps]
    losses = [float(step(batch)) for batch in batches]
    return losses, [weight.numpy() for weight in training_step.trainable_weights(model)]


@pytest.fixture(scope="module")
def plain(made_up, cpu):
    return after_steps(made_up, cpu)


def assert_same(one, other):
    np.testing.assert_allclose(one[0], other[0], rtol=1e-5)
    for mine, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_steps_change_all_weights_and_lower_the_loss(made_up, cpu, plain):
    losses, weights = plain
    fresh = [weight.numpy() for weight in training_step.trainable_weights(made_up.model(cpu, dropout=0.0))]
    assert all((new != old).any() for new, old in zip(weights, fresh, strict=True))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("pieces", [2, 5])
def test_pieces_give_the_result_of_the_whole_batch(made_up, cpu, plain, pieces):
    assert_same(after_steps(made_up, cpu, pieces=pieces), plain)


@pytest.mark.extended
def test_compiled_steps_give_the_same_in_spite_of_padding(made_up, cpu, plain):
    assert_same(after_steps(made_up, cpu, jit_compile=True, fixed_shapes=True), plain)


@pytest.mark.extended
def test_a_crf_loss_can_be_trained_with_a_compiled_tagger(made_up, cpu):
    from components.model.losses import ConstrainedCrfLoss

    made_up = copy.copy(made_up)
    made_up.loss = ConstrainedCrfLoss(made_up.tags)
    assert_same(
        after_steps(made_up, cpu, steps=1, jit_compile=True, fixed_shapes=True), after_steps(made_up, cpu, steps=1)
    )


def test_gradients_are_clipped(made_up, cpu, plain):
    # Adam ignores the length of gradients unless they are small compared to its epsilon.
    _, clipped = after_steps(made_up, cpu, clip_norm=1e-9)
    _, fresh = after_steps(made_up, cpu, steps=0)
    moved = max(np.abs(one - other).max() for one, other in zip(clipped, fresh, strict=True))
    usual = max(np.abs(one - other).max() for one, other in zip(plain[1], fresh, strict=True))
    assert moved < 0.2 * usual


def test_all_shapes_share_one_trace(made_up, cpu):
    traces = []

    def objective(model, features, tags):
        traces.append(tags.shape)
        return training_step.supervised(made_up.loss)(model, features, tags)

    step = make_step(made_up.model(cpu), objective, cpu)
    widths = {step(batch) is not None and batch.tags.shape[1] for batch in made_up.batches().epoch(0)}
    assert len(widths) > 4
    assert len(traces) == 1
