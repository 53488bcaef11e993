"""Training a tagger. Knows no TFX: files in, a trained model out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging

from components.model.taggers import build_tagger, tagger_loss
from components.text.errors import NerError
from components.text.windows import Windows
from components.trainer.dataset import batches, window_dataset
from components.trainer.earlier_model import warm_start_from
from components.trainer.entity_f1_callback import EntityF1Callback, shift_outside
from components.trainer.settings import TrainerSettings
from components.trainer.trained_model import TrainedModel
from components.transform.features import CASES, SUBWORD_BUCKETS, TAG_VOCABULARY, WORD_VOCABULARY


def train(
    settings: TrainerSettings,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    transform_graph: str,
    log_dir: str,
    earlier: str | None = None,
) -> TrainedModel:
    """Trains a tagger and keeps the weights of its best epoch by entity F1 on the eval split.

    Args:
        settings: see `TrainerSettings`.
        train_files: gzipped TFRecords of transformed examples.
        eval_files: the same.
        transform_graph: folder of the transform graph (tf.Transform's output).
        log_dir: where TensorBoard's event files go.
        earlier: folder of an earlier model whose weights to begin with; none begins fresh.

    Raises:
        NerError: the training split holds no token, or nothing but outside tags.
    """
    keras.utils.set_random_seed(settings.seed)
    transform = tft.TFTransformOutput(transform_graph)
    spec = transform.transformed_feature_spec()
    tags = [tag.decode() for tag in transform.vocabulary_by_name(TAG_VOCABULARY)]
    _check_tags(tags)
    windows = Windows(settings.window_size, settings.window_context)
    sizes = {"batch_size": settings.batch_size, "window_size": settings.window_size}
    train_set = batches(window_dataset(train_files, spec, windows), seed=settings.seed, **sizes)
    eval_set = batches(window_dataset(eval_files, spec, windows), **sizes)
    with _strategy().scope():
        model = build_tagger(
            settings.tagger,
            {
                "num_tags": len(tags),
                "vocab_size": transform.vocabulary_size_by_name(WORD_VOCABULARY),
                "num_cases": CASES,
                "num_subwords": SUBWORD_BUCKETS,
                "maxlen": settings.window_size,
                "seed": settings.seed,
            },
            **settings.tagger_options,
        )
        if earlier:
            warm_start_from(earlier, model, transform)
        steps = settings.epochs * int(train_set.reduce(0, lambda count, _: count + 1))
        # XLA compiles again for each new shape; lengths vary here (facts measured on TF 2.16: five times slower).
        model.compile(_optimizer(settings, steps), tagger_loss(settings.tagger, tags), jit_compile=False)
    logging.info("%s tagger: %d weights, %d tags", settings.tagger, model.count_params(), len(tags))
    history = model.fit(
        train_set,
        validation_data=eval_set,
        epochs=settings.epochs,
        callbacks=_callbacks(settings, eval_set, tags, log_dir),
        verbose=1 if sys.stdout.isatty() else 2,
    )
    rows = _rows(history.history)
    best = max(rows, key=lambda epoch: epoch["val_entity_f1"])  # the first of equals, as early stopping takes it
    shift_outside(model, tags, best["outside_shift"])
    return TrainedModel(model, windows, tuple(tags), rows)


def _check_tags(tags: list[str]) -> None:
    if not any(tag.startswith("B-") for tag in tags):
        raise NerError(
            f"the training split holds no entity: its tags are {', '.join(tags[1:]) or 'none'}; "
            "a tagger can only learn what is labelled, add sentences with B- and I- tags"
        )


def _optimizer(settings: TrainerSettings, steps: int) -> keras.optimizers.Optimizer:
    warmup = int(settings.warmup * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else settings.learning_rate,
        decay_steps=max(steps - warmup, 1),
        warmup_target=settings.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    return keras.optimizers.Adam(
        schedule,
        global_clipnorm=settings.clip_norm,
        use_ema=settings.averaging > 0,
        ema_momentum=settings.averaging,
    )


def _strategy() -> tf.distribute.Strategy:
    gpus = tf.config.list_logical_devices("GPU")
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


def _callbacks(settings: TrainerSettings, eval_set: Any, tags: list[str], log_dir: str) -> list[Any]:
    averaging = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if settings.averaging else []
    return [
        *averaging,  # first: the averaged weights are scored and kept
        EntityF1Callback(eval_set, tags),  # the others read its scores
        keras.callbacks.TensorBoard(log_dir=log_dir, write_graph=False),
        keras.callbacks.EarlyStopping(
            "val_entity_f1", mode="max", patience=settings.patience, restore_best_weights=True
        ),
    ]


def _rows(history: dict[str, list[float]]) -> tuple[dict[str, float], ...]:
    epochs = range(len(next(iter(history.values()), [])))
    return tuple({name: float(values[i]) for name, values in history.items()} for i in epochs)
