"""Objective of a training with a teacher."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.text.transitions import marginals, transitions

distillation = LazyModule("components.trainer.teacher.distillation")
training_step = LazyModule("components.trainer.loop.training_step")
losses = LazyModule("components.model.losses")
taggers = LazyModule("components.model.taggers")
tf = LazyModule("tensorflow")

TAGS = ["[PAD]", "O", "B-X", "I-X"]
GOLD = np.array([[1, 2, 3, 0], [3, 1, 0, 0], [2, -1, 1, 0]], np.int32)  # the second window begins inside an entity


def logits(seed, *shape):
    values = np.random.default_rng(seed).normal(0, 2, (*shape, len(TAGS))).astype(np.float32)
    values[..., 0] = -1e9
    return tf.constant(values)


@pytest.mark.parametrize(("tagger", "experts"), [("cnn_linear", (3,)), ("encoder", ()), ("transformer", ())])
def test_windows_without_a_teacher_count_as_in_a_supervised_training(tagger, experts):
    loss, answer = taggers.tagger_loss(tagger, TAGS), logits(1, *experts, *GOLD.shape)
    gold = GOLD[:2] if tagger == "transformer" else GOLD  # its loss counts other tokens of a window with an unknown tag
    answer, soft = answer[..., : len(gold), :, :], tf.zeros((*gold.shape, len(TAGS)))
    value = distillation.distillation_objective(loss)(
        lambda inputs, training: answer, {"soft_labels": soft}, tf.constant(gold)
    )
    expected = training_step.supervised(loss)(lambda inputs, training: answer, {}, tf.constant(gold))
    assert float(value) == pytest.approx(float(expected), rel=1e-5)


def test_the_loss_is_lowest_where_the_tagger_agrees_with_the_teacher():
    loss = losses.ConstrainedCrfLoss(TAGS, token_weights=(0.0,))
    real = np.array([[True, True, True], [True, True, False]])
    teacher = logits(5, 2, 3)
    soft = tf.constant(marginals(teacher.numpy(), real, *transitions(TAGS)))
    tags = tf.constant(np.where(real, soft.numpy().argmax(-1), 0), tf.int32)

    def of(answer):
        of_expert = tf.Variable(answer[None])
        with tf.GradientTape() as tape:
            value = distillation.distillation_objective(loss)(
                lambda inputs, training: of_expert, {"soft_labels": soft}, tags
            )
        return float(value), tape.gradient(value, of_expert).numpy()

    at_teacher, slope = of(teacher)
    assert np.abs(slope[..., 1:]).max() < 1e-5
    for seed in range(3):
        assert of(teacher + 0.3 * logits(seed, 2, 3) * [0, 1, 1, 1])[0] > at_teacher
