"""Objective of a training with a teacher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from components.trainer.loop.training_step import Objective
from components.trainer.teacher.soft_labels import SOFT_LABELS


def distillation_objective(loss: Callable[[Any, Any], Any]) -> Objective:
    """Makes an objective from a loss: labelled windows count with their tags, others with their soft labels.

    Args:
        loss: (distributions over tags, logits) -> mean over the tokens.

    Example: tests/components/trainer/teacher/test_distillation.py.
    """

    def objective(model: Callable[..., Any], features: dict[str, Any], tags: Any) -> Any:
        soft = features[SOFT_LABELS]
        # A window with a tag that training never saw does not count.
        counts = (tags > 0) & tf.reduce_all(tags >= 0, 1, keepdims=True)
        gold = tf.one_hot(tags, soft.shape[-1]) * tf.cast(counts, tf.float32)[:, :, None]
        is_soft = tf.reduce_sum(soft, -1, keepdims=True) > 0
        inputs = {name: values for name, values in features.items() if name != SOFT_LABELS}
        return loss(tf.where(is_soft, soft, gold), model(inputs, training=True))

    return objective
