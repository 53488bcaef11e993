"""A model of an earlier run, as the registry keeps it for a warm start."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError
from components.trainer.initial.warm_start import TAGS, WORDS, WarmStartReport, warm_start
from components.trainer.trained_model import INFO_FILE, MODEL_FILE
from components.transform.features import TAG_VOCABULARY, WORD_VOCABULARY


def warm_start_from(folder: str, model: keras.Model, transform: tft.TFTransformOutput) -> WarmStartReport | None:
    """Begins with the weights of the model that lies in a folder, if there is one of the same kind.

    Args:
        folder: what `components.registry` fetched: the files of a `TrainedModel` and its word vocabulary.
        model: the model to train, built; its weights are changed.
        transform: the transform graph of this run, whose vocabularies the model has.

    Returns:
        What was taken over; None if the earlier model is another tagger.

    Raises:
        NerError: the files are damaged.
    """
    earlier = Path(folder)
    kind = _class_name(earlier / MODEL_FILE)
    if kind != type(model).__name__:
        logging.warning("no warm start: the champion is a %s, this is a %s", kind, type(model).__name__)
        return None
    try:
        old = keras.saving.load_model(earlier / MODEL_FILE, compile=False)
        tags = json.loads((earlier / INFO_FILE).read_text(encoding="utf-8"))["tags"]
        words = _lines(earlier / WORD_VOCABULARY)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NerError(
            f"{folder}: the champion's weights cannot be read ({error}); run without a warm start, or with another "
            "champion"
        ) from error
    own: Mapping[str, Sequence[str]] = {
        WORDS: [word.decode() for word in transform.vocabulary_by_name(WORD_VOCABULARY)],
        TAGS: [tag.decode() for tag in transform.vocabulary_by_name(TAG_VOCABULARY)],
    }
    report = warm_start(model, old, own, {WORDS: words, TAGS: tags})
    logging.info("warm start: %s", report.summary())
    return report


def _class_name(file: Path) -> str:
    """The class of a saved model, without building it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return str(json.loads(archive.read("config.json"))["class_name"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise NerError(f"{file}: is no Keras model ({error}); run without a warm start") from error


def _lines(file: Path) -> list[str]:
    """The entries of a vocabulary of tf.Transform: one a line, and lines end with a line feed and nothing else."""
    return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
