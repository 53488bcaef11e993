"""Training of a tagger from files to a trained model, without TFX."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError
from components.keys import EVAL_SPLIT, TRAIN_SPLIT
from components.model.taggers import check_tagger, tagger_loss
from components.text.windows import Windows
from components.trainer.data.batches import Batches
from components.trainer.data.dataset import read_windows
from components.trainer.data.window_table import WindowTable
from components.trainer.devices import Devices, choose_devices
from components.trainer.initial.building import new_tagger
from components.trainer.initial.linear_features import choose_linear_features
from components.trainer.initial.warm_start import warm_start_from
from components.trainer.inputs import TrainingInputs
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.loop.epoch_log import EpochLog
from components.trainer.loop.training_loop import TrainingLoop
from components.trainer.loop.training_step import supervised
from components.trainer.scoring.dev_scorer import DevScorer
from components.trainer.settings import TrainerSettings
from components.trainer.trained_model import TrainedModel, plain_copy
from components.transform.features import TAG_VOCABULARY

# Larger is faster and takes more memory; some hundred windows take no more than a training step.
_EVAL_BATCH = 128


def train(
    settings: TrainerSettings,
    inputs: TrainingInputs,
    *,
    log_dir: str | None = None,
    checkpoint: Checkpoint | None = None,
    devices: Devices | None = None,
) -> TrainedModel:
    """Trains a tagger and keeps the weights of its best epoch by entity F1 on the eval split.

    Args:
        settings: trainer settings.
        inputs: files to read.
        log_dir: folder for TensorBoard's files; None writes none.
        checkpoint: saved state of the training, to resume from and to write; None saves nothing.
        devices: devices to train on; None chooses them by the settings.

    Raises:
        NerError: the tagger is not valid, the training split holds no entity, the devices are missing, or the
            training cannot continue.
    """
    devices = devices or choose_devices(settings.devices, settings.hosts)
    check_tagger(settings.tagger, settings.tagger_options)
    _make_deterministic(settings, devices)
    transform = tft.TFTransformOutput(inputs.transform_graph)
    tags = [tag.decode() for tag in transform.vocabulary_by_name(TAG_VOCABULARY)]
    check_tags(tags)
    windows = Windows(settings.window_size, settings.window_context)
    with tempfile.TemporaryDirectory(prefix="trainer-") as folder:
        train_set, eval_set = (
            WindowTable.write(Path(folder, name), read_windows(files, transform.transformed_feature_spec(), windows))
            for name, files in ((TRAIN_SPLIT, inputs.train_files), (EVAL_SPLIT, inputs.eval_files))
        )
        model = build_model(settings, transform, len(tags), devices)
        if inputs.earlier_model:
            warm_start_from(inputs.earlier_model, model, transform)
        choose_linear_features(model, train_set)
        loss = tagger_loss(settings.tagger, tags)
        loop = TrainingLoop(model, supervised(loss), settings, devices)
        batches = Batches(
            train_set,
            settings.batch_size,
            settings.seed,
            fixed_shapes=settings.jit_compile,
            least_steps=settings.epoch_steps,
        )
        if batches.passes > 1:
            logging.info("small train split: an epoch reads it %d times, in %d steps", batches.passes, batches.steps(0))
        result = loop.fit(
            batches,
            DevScorer(model, loss, Batches(eval_set, _EVAL_BATCH), tags, devices),
            checkpoint=checkpoint,
            log=EpochLog(log_dir, settings.epochs),
        )
    bias = result.history[result.best_epoch]["outside_bias"] or 0.0
    return TrainedModel(plain_copy(model), windows, tuple(tags), result.history, bias)


def _make_deterministic(settings: TrainerSettings, devices: Devices) -> None:
    """Makes initial weights, dropout and a GPU's sums depend on the seed alone, for the rest of the process."""
    keras.utils.set_random_seed(settings.seed)
    if devices.gpus and settings.deterministic:
        tf.config.experimental.enable_op_determinism()


def build_model(
    settings: TrainerSettings, transform: tft.TFTransformOutput, num_tags: int, devices: Devices
) -> keras.Model:
    """Builds the tagger on the devices.

    Args:
        settings: tagger, its options and its precision.
        transform: transform graph, which determines the sizes of the vocabularies.
        num_tags: size of the tag vocabulary.
        devices: devices to train on.
    """
    precision = {"dtype": "mixed_bfloat16"} if settings.precision == "bfloat16" else {}
    with devices.strategy.scope():
        model = new_tagger(settings, transform, num_tags, **precision)
    logging.info("%s tagger: %d weights, %d tags", settings.tagger, model.count_params(), num_tags)
    return model


def check_tags(tags: Sequence[str]) -> None:
    """Checks that a tag vocabulary names an entity.

    Raises:
        NerError: it does not.
    """
    if not any(tag.startswith("B-") for tag in tags):
        raise NerError(
            f"training split: no sentence has an entity; its tags are {', '.join(tags[1:]) or 'none'}. "
            "Add sentences with B- and I- tags."
        )
