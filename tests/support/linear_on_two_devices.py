"""Program that trains a tagger with a linear expert on one device and on two, and compares them.

Its arguments are a folder for the corpus, and the tagger's options as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from components.model.taggers import build_tagger, linear_loss, tagger_loss
from components.trainer.devices import Devices
from components.trainer.initial.linear_expert import fit_linear_expert
from components.trainer.initial.linear_features import choose_linear_features
from components.trainer.loop.optimizer import Adam
from components.trainer.loop.training_step import TrainingStep, supervised, trainable_weights
from components.trainer.trained_model import plain_copy
from support.made_up_corpus import MadeUp


def train(strategy, made_up, options, pieces=1):
    devices = Devices(strategy)
    keras.utils.set_random_seed(7)
    with strategy.scope():
        model = build_tagger("cnn_linear", linear_weights=5 * 256, **options)
    choose_linear_features(model, made_up.train)
    fit_linear_expert(model, made_up.train, supervised(linear_loss(made_up.tags)))
    optimizer = Adam(trainable_weights(model), lambda step: 0.01, strategy)
    objective = supervised(tagger_loss("cnn_linear", made_up.tags))
    step = TrainingStep(model, objective, optimizer, devices, clip_norm=1.0, pieces=pieces)
    # The second batch has one window, so one of two devices has no work.
    batches = list(made_up.batches(size=149).epoch(0))
    assert sorted(len(batch.tags) for batch in batches) == [1, 149]
    losses = [float(step(batch)) for batch in batches * 2]
    copies = strategy.experimental_local_results(model.linear.owners.value)
    assert len(copies) == devices.replicas
    assert all((copy.numpy() == copies[0].numpy()).all() for copy in copies)
    plain = plain_copy(model)
    return losses, plain.get_weights(), plain(batches[0].features).numpy()


if __name__ == "__main__":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    corpus, sizes = MadeUp(Path(sys.argv[1])), json.loads(sys.argv[2])
    losses, weights, logits = train(tf.distribute.OneDeviceStrategy("/cpu:0"), corpus, sizes)
    mirrored_losses, mirrored_weights, mirrored_logits = train(
        tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]), corpus, sizes, pieces=2
    )
    assert losses[-2] < losses[0]
    np.testing.assert_allclose(mirrored_losses, losses, rtol=1e-4)
    for mine, theirs in zip(mirrored_weights, weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-3)
    np.testing.assert_allclose(mirrored_logits[..., 1:], logits[..., 1:], atol=1e-2)
    assert any(weight.dtype == np.int64 and weight.any() for weight in weights)
