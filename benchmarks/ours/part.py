"""Test score of a tagger of ours that is trained and scored in this process, without an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from benchmarks.corpus import LabelledSentence
from benchmarks.ours.our_peer import GRAPH, write_request
from benchmarks.ours.prepare import prepare
from components.evaluator.counts.counting import BINS
from components.text.entity_scores import Scores
from components.text.tag_probabilities import tag_probabilities
from components.text.transitions import outside_tags
from components.trainer.data.batches import Batches
from components.trainer.data.dataset import read_windows
from components.trainer.data.window_table import WindowTable
from components.trainer.inputs import TrainingInputs
from components.trainer.scoring.biased_decoder import BiasedDecoder
from components.trainer.scoring.entity_counter import OUTSIDE_BIASES, EntityCounter
from components.trainer.settings import TrainerSettings
from components.trainer.trained_model import TrainedModel
from components.trainer.training import train

_BATCH = 128


def train_and_score(
    folder: Path, settings: Mapping[str, Any], splits: Mapping[str, Sequence[LabelledSentence]], seed: int
) -> dict[str, float]:
    """Trains on `train`, chooses on `eval`, and scores on `test`.

    The F1 is that of the exported model on the tokenizer's tokens, except for rounding.

    Args:
        folder: empty folder for the files.
        settings: sections `transform`, `beam` and `trainer` of the configuration.
        splits: sentences of each split.
        seed: seed of the training.

    Returns:
        The size of the weights as `model_mb`, and the figures of `test_scores`.
    """
    rows = {name: [[one.tokens, one.tags] for one in sentences] for name, sentences in splits.items()}
    write_request(folder, {**{name: settings[name] for name in ("transform", "beam", "trainer")}, **rows})
    prepare(folder, tuple(splits))
    keras.backend.clear_session()
    graph = str(folder / GRAPH)
    files = {name: sorted(str(path) for path in folder.glob(f"{name}-*.gz")) for name in splits}
    configured = TrainerSettings.model_validate({**settings["trainer"], "seed": seed})
    trained = train(configured, TrainingInputs(files["train"], files["eval"], graph))
    megabytes = sum(weight.nbytes for weight in trained.model.get_weights()) / 1e6
    return {"model_mb": megabytes, **test_scores(trained, files["test"], graph, folder / "test")}


def test_scores(trained: TrainedModel, files: Sequence[str], transform_graph: str, folder: Path) -> dict[str, float]:
    """Scores a trained model on transformed examples, at the outside bias that it chose.

    Returns:
        `test_f1`, the entity F1; `test_ece`, the calibration error of its scores; `test_ece_softmax`, that of a softmax
        without calibration; `test_ece_entities`, that of the scores of tokens that the model tags as entities.

    Args:
        trained: the model.
        files: transformed examples.
        transform_graph: folder of the transform graph.
        folder: folder for the columns of the examples.
    """
    spec = tft.TFTransformOutput(transform_graph).transformed_feature_spec()
    table = WindowTable.write(folder, read_windows(files, spec, trained.windows))
    counter, decoder = EntityCounter(trained.tags, trained.outside_bias), BiasedDecoder(trained.tags)
    outside = outside_tags(trained.tags)
    bins = np.zeros((3, 2, BINS))  # [all tokens, without calibration, entities; sums of scores and of right tags; bins]
    tokens, inside = 0, 0
    for batch in Batches(table, _BATCH).epoch(0):
        logits, real = keras.ops.convert_to_numpy(trained.model(batch.features)), batch.tags != 0
        counter.add(logits, batch.tags)
        [chosen] = decoder.decode(logits, real, (trained.outside_bias,))
        begins = np.broadcast_to(np.arange(real.shape[1]) == 0, real.shape)[real]
        logits, chosen, right = logits[real], chosen[real], chosen[real] == batch.tags[real]
        calibrated = tag_probabilities(trained.calibration.logits(logits, outside), begins, trained.tags).numpy()
        entity = outside[chosen] == 0
        tokens, inside = tokens + len(chosen), inside + np.count_nonzero(entity)
        everything = np.ones_like(entity)
        for row, probabilities, counted in (
            (bins[0], calibrated, everything),
            (bins[1], tf.nn.softmax(logits).numpy(), everything),
            (bins[2], calibrated, entity),
        ):
            scores = probabilities[np.arange(len(chosen)), chosen].astype(np.float64)[counted]
            columns = np.clip(np.ceil(scores * BINS).astype(int) - 1, 0, BINS - 1)
            row += [np.bincount(columns, values, BINS) for values in (scores, right[counted])]
    correct, predicted, gold = counter.counts[OUTSIDE_BIASES.index(trained.outside_bias)].tolist()
    errors = np.abs(bins[:, 0] - bins[:, 1]).sum(-1) / np.maximum([tokens, tokens, inside], 1)
    return {
        "test_f1": Scores.of(correct, predicted, gold).f1,
        **dict(zip(("test_ece", "test_ece_softmax", "test_ece_entities"), errors.tolist(), strict=True)),
    }
