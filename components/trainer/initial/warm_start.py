"""Warm start: the initial weights are those of an earlier model.

Each span has its vocabularies in an order of its data, so weights that belong to words or tags are matched by the word
or tag. Matching them by position raises no error and gives a useless model.
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
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError, counted
from components.keys import MODEL_FILE, TRAINED_MODEL_FILE
from components.model.cnn_linear_tagger import DEFAULT_NETWORK_SHARE, CnnLinearTagger
from components.trainer.initial.linear_features import LinearWeights
from components.transform.features import TAG_VOCABULARY, UNK_ID, WORD_VOCABULARY
from components.transform.preprocessing import read_vocabulary

WORDS, TAGS = "words", "tags"

# End of a variable's path -> (vocabulary, axis) of variables with one slice for each word or tag.
_VOCABULARY_AXES: Mapping[str, tuple[str, int]] = {
    "word_embedding/embeddings": (WORDS, 0),
    "token_embedding/embeddings": (WORDS, 0),
    "scores/kernel": (TAGS, 1),
    "scores/bias": (TAGS, 0),
}
# Parts of paths of variables that data or files determine: random states, pretrained vectors, tables of features.
_NEVER = ("seed_generator", "word_vectors/row_of", "word_vectors/table", "linear/")


@dataclass(frozen=True)
class WarmStartReport:
    """Origin of the weights of a warm-started model.

    Attributes:
        copied: paths of variables copied as a whole.
        matched: path -> (slices copied, slices in all) of variables that belong to a vocabulary.
        fresh: paths of trainable variables with fresh values: the earlier model has none of that name and shape.
        linear: weights of the earlier linear expert by feature, for `choose_linear_features`.
    """

    copied: tuple[str, ...]
    matched: Mapping[str, tuple[int, int]]
    fresh: tuple[str, ...]
    linear: LinearWeights | None = None

    def summary(self) -> str:
        """Formats the report as one line."""
        parts = [f"{counted(len(self.copied), 'variable')} copied"]
        parts += [f"{path}: {kept} of {all_} matched" for path, (kept, all_) in self.matched.items()]
        if self.linear:
            parts.append(f"{len(self.linear.hashes)} linear features")
        if self.fresh:
            parts.append(f"fresh: {', '.join(self.fresh)}")
        return "; ".join(parts)


def warm_start_from(folder: str, model: keras.Model, transform: tft.TFTransformOutput) -> WarmStartReport | None:
    """Copies the weights of a saved model if it is of the same class.

    Args:
        folder: files of a `TrainedModel` and its word vocabulary, as ChampionSource provides them.
        model: the model to train, built; its weights change.
        transform: transform graph of this run, with the vocabularies of `model`.

    Returns:
        The origin of the weights, or None if the earlier model is of another class.

    Raises:
        NerError: the files are damaged.
    """
    earlier = Path(folder)
    earlier_class = _config(earlier / MODEL_FILE)["class_name"]
    if earlier_class != type(model).__name__:
        logging.warning("no warm start: the champion is a %s, this is a %s", earlier_class, type(model).__name__)
        return None
    try:
        old = keras.saving.load_model(earlier / MODEL_FILE, compile=False)
        tags = json.loads((earlier / TRAINED_MODEL_FILE).read_text(encoding="utf-8"))["tags"]
        words = read_vocabulary(str(earlier / WORD_VOCABULARY))
    except (OSError, ValueError, KeyError, TypeError, tf.errors.OpError) as error:
        raise NerError(
            f"{folder}: the champion's weights cannot be read ({error}). Run without a warm start, or with another "
            "champion."
        ) from error
    own: Mapping[str, Sequence[str]] = {
        WORDS: [word.decode() for word in transform.vocabulary_by_name(WORD_VOCABULARY)],
        TAGS: [tag.decode() for tag in transform.vocabulary_by_name(TAG_VOCABULARY)],
    }
    report = warm_start(model, old, own, {WORDS: words, TAGS: tags})
    logging.info("warm start: %s", report.summary())
    return report


def warm_start(
    model: keras.Model,
    earlier: keras.Model,
    vocabularies: Mapping[str, Sequence[str]],
    earlier_vocabularies: Mapping[str, Sequence[str]],
) -> WarmStartReport:
    """Copies those weights of an earlier model to a built model that fit.

    A word that is unknown to the earlier model gets the vector of [UNK], which is how the earlier model reads it. A
    network over the same tags therefore starts with exactly the earlier predictions. A new tag starts fresh. The
    features of the linear expert are hashes of word ids: they are kept if the earlier words have their earlier ids,
    which Transform guarantees, and start fresh otherwise.

    Args:
        model: the model to train; its weights change.
        earlier: the earlier model, of any class.
        vocabularies: `WORDS` and `TAGS` of the model, in the order of its ids.
        earlier_vocabularies: `WORDS` and `TAGS` of the earlier model.

    Returns:
        The origin of the weights.
    """
    old = {_path(variable): variable for variable in earlier.variables}
    copied: list[str] = []
    matched: dict[str, tuple[int, int]] = {}
    fresh: list[str] = []
    for variable in model.variables:
        path = _path(variable)
        if any(part in path for part in _NEVER):
            continue
        vocabulary = next((value for end, value in _VOCABULARY_AXES.items() if path.endswith(end)), None)
        if path in old and vocabulary and _same_shape(variable, old[path], except_axis=vocabulary[1]):
            kind, axis = vocabulary
            rows = _common_rows(vocabularies[kind], earlier_vocabularies[kind])
            variable.assign(_matched(variable, old[path], rows, axis, fill_unknown=kind == WORDS))
            matched[path] = (len(rows), len(vocabularies[kind]))
        elif path in old and not vocabulary and tuple(variable.shape) == tuple(old[path].shape):
            variable.assign(keras.ops.convert_to_numpy(old[path]))
            copied.append(path)
        elif variable.trainable:
            fresh.append(path)
    linear = _linear_weights(model, earlier, vocabularies, earlier_vocabularies)
    return WarmStartReport(tuple(copied), matched, tuple(fresh), linear)


def _linear_weights(
    model: keras.Model,
    earlier: keras.Model,
    vocabularies: Mapping[str, Sequence[str]],
    earlier_vocabularies: Mapping[str, Sequence[str]],
) -> LinearWeights | None:
    """Returns the weights of the earlier linear expert with a column for each tag of the model; 0 for a new tag."""
    if not (isinstance(model, CnnLinearTagger) and isinstance(earlier, CnnLinearTagger)):
        return None
    words = earlier_vocabularies[WORDS]
    if list(vocabularies[WORDS][: len(words)]) != list(words):
        logging.warning("warm start: words have other ids than in the earlier model; the linear expert starts fresh")
        return None
    hashes, weights = earlier.linear.owned()
    columns = _common_rows(vocabularies[TAGS], earlier_vocabularies[TAGS])
    matched = np.zeros((len(hashes), len(vocabularies[TAGS])), np.float32)
    matched[:, list(columns)] = weights[:, list(columns.values())]
    return LinearWeights(hashes, matched)


def earlier_network_share(folder: str) -> float | None:
    """Returns the network's share of a saved `cnn_linear` tagger; None for another tagger.

    Raises:
        NerError: the file is damaged.
    """
    config = _config(Path(folder, MODEL_FILE))
    if config["class_name"] != CnnLinearTagger.__name__:
        return None
    return float(config["config"].get("network_share", DEFAULT_NETWORK_SHARE))


def _config(file: Path) -> Mapping[str, Any]:
    """Returns the configuration of a saved model without building it."""
    try:
        with zipfile.ZipFile(file) as archive:
            config: Mapping[str, Any] = json.loads(archive.read("config.json"))
            return {"class_name": str(config["class_name"]), "config": config["config"]}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise NerError(f"{file}: not a Keras model ({error}). Run without a warm start.") from error


def _path(variable: Any) -> str:
    """Returns the path within the model; a model's name ends with a number that depends on the process."""
    return str(variable.path).partition("/")[2] or str(variable.path)


def _same_shape(new: Any, old: Any, except_axis: int) -> bool:
    shapes = [list(variable.shape) for variable in (new, old)]
    for shape in shapes:
        del shape[except_axis]
    return shapes[0] == shapes[1]


def _common_rows(new: Sequence[str], old: Sequence[str]) -> dict[int, int]:
    """Maps positions in the new vocabulary to positions in the old one, for entries of both."""
    positions = {entry: position for position, entry in enumerate(old)}
    return {position: positions[entry] for position, entry in enumerate(new) if entry in positions}


def _matched(new: Any, old: Any, rows: Mapping[int, int], axis: int, fill_unknown: bool) -> np.ndarray:
    """Returns the new values: slices of common entries from the old ones, the others fresh or [UNK]'s."""
    values = np.moveaxis(np.array(keras.ops.convert_to_numpy(new)), axis, 0)
    earlier = np.moveaxis(keras.ops.convert_to_numpy(old), axis, 0)
    if fill_unknown:
        values[:] = earlier[UNK_ID]
    values[list(rows)] = earlier[list(rows.values())]
    return np.moveaxis(values, 0, axis)
