"""One step."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from components.model.constrained_crf_loss import ConstrainedCrfLoss
from components.trainer.loop.optimizer import Adam
from components.trainer.loop.training_step import TrainingStep, supervised, weights_of


def after_steps(made_up, devices, steps=3, clip_norm=1.0, fixed_shapes=False, **kwargs):
    """Losses of some steps and the weights after them, without dropout: what is computed how must not matter."""
    model = made_up.model(devices, dropout=0.0)
    optimizer = Adam(weights_of(model), lambda step: 0.01, devices.strategy)
    step = TrainingStep(model, supervised(made_up.loss), optimizer, devices, clip_norm, **kwargs)
    batches = list(made_up.batches(fixed_shapes=fixed_shapes).epoch(0))[:steps]
    return [float(step(batch)) for batch in batches], [weight.numpy() for weight in weights_of(model)]


@pytest.fixture(scope="module")
def plain(made_up, cpu):
    return after_steps(made_up, cpu)


def assert_same(one, other):
    np.testing.assert_allclose(one[0], other[0], rtol=1e-5)
    for mine, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_steps_change_all_weights_and_lower_the_loss(made_up, cpu, plain):
    losses, weights = plain
    fresh = [weight.numpy() for weight in weights_of(made_up.model(cpu, dropout=0.0))]
    assert all((new != old).any() for new, old in zip(weights, fresh, strict=True))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("pieces", [2, 5, 20])
def test_pieces_give_what_the_whole_batch_gives(made_up, cpu, plain, pieces):
    assert_same(after_steps(made_up, cpu, pieces=pieces), plain)


def test_compiled_steps_give_the_same_in_spite_of_padding(made_up, cpu, plain):
    assert_same(after_steps(made_up, cpu, jit_compile=True, fixed_shapes=True), plain)


def test_a_loss_that_goes_from_token_to_token_can_be_trained_for_with_a_compiled_tagger(made_up, cpu):
    made_up = copy.copy(made_up)
    made_up.loss = ConstrainedCrfLoss(made_up.tags)
    assert_same(
        after_steps(made_up, cpu, steps=1, jit_compile=True, fixed_shapes=True), after_steps(made_up, cpu, steps=1)
    )


def test_gradients_are_clipped(made_up, cpu, plain):
    # Adam does not mind the length of gradients, but for what is small beside its epsilon.
    _, clipped = after_steps(made_up, cpu, clip_norm=1e-9)
    _, fresh = after_steps(made_up, cpu, steps=0)
    moved = max(np.abs(one - other).max() for one, other in zip(clipped, fresh, strict=True))
    usual = max(np.abs(one - other).max() for one, other in zip(plain[1], fresh, strict=True))
    assert moved < 0.2 * usual


def test_shapes_are_traced_once(made_up, cpu):
    model = made_up.model(cpu)
    traces = []

    def objective(model, features, tags):
        traces.append(tags.shape)
        return supervised(made_up.loss)(model, features, tags)

    optimizer = Adam(weights_of(model), lambda step: 0.01, cpu.strategy)
    step = TrainingStep(model, objective, optimizer, cpu, 1.0)
    widths = {step(batch) is not None and batch.tags.shape[1] for batch in made_up.batches().epoch(0)}
    assert len(widths) > 4
    assert len(traces) == 1
