"""Begins a training with the weights of an earlier model.

Each span has a vocabulary of its own, in an order of its own, so weights that belong to words or tags are matched by
the word or tag. Matched by position they load without an error and are worth nothing.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError
from components.trainer.trained_model import INFO_FILE, MODEL_FILE
from components.transform.features import TAG_VOCABULARY, WORD_VOCABULARY

WORDS, TAGS = "words", "tags"

# End of a variable's path -> (vocabulary, axis) of what has one slice a word or tag.
_VOCABULARY_AXES: Mapping[str, tuple[str, int]] = {
    "word_embedding/embeddings": (WORDS, 0),
    "token_embedding/embeddings": (WORDS, 0),
    "scores/kernel": (TAGS, 1),
    "scores/bias": (TAGS, 0),
}
# Parts of paths of what the data or a file decides anew: random states, pretrained vectors, tables of chosen features.
_NEVER = ("seed_generator", "word_vectors/row_of", "word_vectors/table", "linear/")
_UNKNOWN = 1  # id of [UNK]


@dataclass(frozen=True)
class WarmStartReport:
    """What became of the weights of the new model.

    Attributes:
        copied: paths of variables that were taken over whole.
        matched: path -> (slices taken over, slices there are) of those that belong to a vocabulary.
        fresh: paths of trainable variables that kept their fresh values: the old model has none of that name and shape.
    """

    copied: tuple[str, ...]
    matched: Mapping[str, tuple[int, int]]
    fresh: tuple[str, ...]

    def summary(self) -> str:
        """One readable line."""
        parts = [f"{len(self.copied)} variables copied"]
        parts += [f"{path}: {kept} of {all_} matched" for path, (kept, all_) in self.matched.items()]
        if self.fresh:
            parts.append(f"fresh: {', '.join(self.fresh)}")
        return "; ".join(parts)


def warm_start(
    model: keras.Model,
    earlier: keras.Model,
    vocabularies: Mapping[str, Sequence[str]],
    earlier_vocabularies: Mapping[str, Sequence[str]],
) -> WarmStartReport:
    """Gives a built model the weights of an earlier one, as far as they fit.

    A word that the earlier model did not know begins with the vector of [UNK], which is how the earlier model read it:
    a network over the same tags therefore begins with the earlier one's very answers. A new tag begins fresh, and so
    does a linear expert, whose features are hashes of ids that mean other words now.

    Args:
        model: the model to train; its weights are changed.
        earlier: the earlier model, of any kind.
        vocabularies: `WORDS` and `TAGS` of the model, in the order of its ids.
        earlier_vocabularies: the same of the earlier one.

    Returns:
        What was taken over.
    """
    old = {_path(variable): variable for variable in earlier.variables}
    copied: list[str] = []
    matched: dict[str, tuple[int, int]] = {}
    fresh: list[str] = []
    for variable in model.variables:
        path = _path(variable)
        if any(part in path for part in _NEVER):
            continue
        belongs = next((value for end, value in _VOCABULARY_AXES.items() if path.endswith(end)), None)
        if path in old and belongs and _alike(variable, old[path], belongs[1]):
            kind, axis = belongs
            rows = _rows(vocabularies[kind], earlier_vocabularies[kind])
            variable.assign(_matched(variable, old[path], rows, axis, fill_unknown=kind == WORDS))
            matched[path] = (len(rows), len(vocabularies[kind]))
        elif path in old and not belongs and tuple(variable.shape) == tuple(old[path].shape):
            variable.assign(keras.ops.convert_to_numpy(old[path]))
            copied.append(path)
        elif variable.trainable:
            fresh.append(path)
    return WarmStartReport(tuple(copied), matched, tuple(fresh))


def _path(variable: Any) -> str:
    """The path within the model; the model's own name counts how many of its kind this process has made."""
    return str(variable.path).partition("/")[2] or str(variable.path)


def _alike(new: Any, old: Any, axis: int) -> bool:
    """Whether two shapes differ along one axis at most."""
    shapes = [list(variable.shape) for variable in (new, old)]
    for shape in shapes:
        del shape[axis]
    return shapes[0] == shapes[1]


def _rows(new: Sequence[str], old: Sequence[str]) -> dict[int, int]:
    """Position in the new vocabulary -> position in the old one, of what both have."""
    places = {entry: position for position, entry in enumerate(old)}
    return {position: places[entry] for position, entry in enumerate(new) if entry in places}


def _matched(new: Any, old: Any, rows: Mapping[int, int], axis: int, fill_unknown: bool) -> np.ndarray:
    """The new values: slices by name, the others fresh or those of [UNK]."""
    values = np.moveaxis(np.array(keras.ops.convert_to_numpy(new)), axis, 0)
    earlier = np.moveaxis(keras.ops.convert_to_numpy(old), axis, 0)
    if fill_unknown:
        values[:] = earlier[_UNKNOWN]
    values[list(rows)] = earlier[list(rows.values())]
    return np.moveaxis(values, 0, axis)


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
