"""Training a tagger. Knows no TFX: files in, a trained model out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError
from components.model.taggers import tagger_loss
from components.text.windows import Windows
from components.trainer.data.batches import Batches
from components.trainer.data.dataset import read_windows
from components.trainer.data.window_table import WindowTable
from components.trainer.devices import Devices, choose_devices
from components.trainer.initial.building import new_tagger
from components.trainer.initial.linear_features import choose_linear_features
from components.trainer.initial.warm_start import warm_start_from
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.loop.epoch_log import EpochLog
from components.trainer.loop.training_loop import fit
from components.trainer.loop.training_step import supervised
from components.trainer.scoring.dev_scorer import DevScorer
from components.trainer.settings import TrainerSettings
from components.trainer.trained_model import TrainedModel, plain_copy
from components.transform.features import TAG_VOCABULARY

# The larger, the faster, and the more memory: some hundred windows take no more than a training step does.
_EVAL_BATCH = 128


def train(
    settings: TrainerSettings,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    transform_graph: str,
    log_dir: str | None = None,
    checkpoint: Checkpoint | None = None,
    devices: Devices | None = None,
    earlier: str | None = None,
) -> TrainedModel:
    """Trains a tagger and keeps the weights of its best epoch by entity F1 on the eval split.

    Args:
        settings: see `TrainerSettings`.
        train_files: gzipped TFRecords of transformed examples.
        eval_files: the same. They choose the epoch to keep and the threshold, and nothing is learned from them.
        transform_graph: folder of the transform graph (tf.Transform's output).
        log_dir: where TensorBoard's event files go; none writes none.
        checkpoint: where the state of the training is kept, and gone on from; none keeps nothing.
        devices: what to train on; none takes those that the settings ask for.
        earlier: folder of an earlier model whose weights to begin with; none begins fresh.

    Raises:
        NerError: the training split holds no token, or nothing but outside tags; the devices are not there; or the
            training cannot go on.
    """
    devices = devices or choose_devices(settings.devices, settings.hosts)
    prepare(settings, devices)
    transform = tft.TFTransformOutput(transform_graph)
    tags = [tag.decode() for tag in transform.vocabulary_by_name(TAG_VOCABULARY)]
    _check_tags(tags)
    windows = Windows(settings.window_size, settings.window_context)
    with tempfile.TemporaryDirectory(prefix="trainer-") as folder:
        train_set, eval_set = (
            WindowTable.write(Path(folder, name), read_windows(files, transform.transformed_feature_spec(), windows))
            for name, files in (("train", train_files), ("eval", eval_files))
        )
        model = build_model(settings, transform, len(tags), devices)
        if earlier:
            warm_start_from(earlier, model, transform)
        choose_linear_features(model, train_set)
        loss = tagger_loss(settings.tagger, tags)
        result = fit(
            model,
            supervised(loss),
            Batches(train_set, settings.batch_size, settings.seed, settings.jit_compile),
            DevScorer(model, loss, Batches(eval_set, _EVAL_BATCH), tags, devices),
            settings,
            devices,
            checkpoint,
            EpochLog(log_dir, settings.epochs),
        )
    bias = result.history[result.best_epoch]["outside_bias"] or 0.0
    return TrainedModel(plain_copy(model), windows, tuple(tags), result.history, bias)


def prepare(settings: TrainerSettings, devices: Devices) -> None:
    """Makes what follows depend on the seed alone: initial weights, dropout, and the sums that a GPU computes.

    Args:
        settings: of the training.
        devices: what it runs on. A CPU always adds in the same order; a GPU only where it is told to, for the rest of
            the process.
    """
    keras.utils.set_random_seed(settings.seed)
    if devices.gpus and settings.deterministic:
        tf.config.experimental.enable_op_determinism()


def build_model(
    settings: TrainerSettings, transform: tft.TFTransformOutput, num_tags: int, devices: Devices
) -> keras.Model:
    """Builds the tagger on the devices.

    Args:
        settings: which tagger, its options, and the precision.
        transform: the transform graph, which decides the sizes of the vocabularies.
        num_tags: size of the tag vocabulary.
        devices: what it is to be trained on.
    """
    precision = {"dtype": "mixed_bfloat16"} if settings.precision == "bfloat16" else {}
    with devices.strategy.scope():
        model = new_tagger(settings, transform, num_tags, **precision)
    logging.info("%s tagger: %d weights, %d tags", settings.tagger, model.count_params(), num_tags)
    return model


def _check_tags(tags: list[str]) -> None:
    if not any(tag.startswith("B-") for tag in tags):
        raise NerError(
            f"the training split holds no entity: its tags are {', '.join(tags[1:]) or 'none'}; "
            "a tagger can only learn what is labelled, add sentences with B- and I- tags"
        )
