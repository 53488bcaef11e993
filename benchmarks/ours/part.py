"""Test score of a tagger of ours that is trained and scored in this process, without an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow_transform as tft

from benchmarks.corpus import LabelledSentence
from benchmarks.ours.our_peer import GRAPH, write_request
from benchmarks.ours.prepare import prepare
from components.text.entity_scores import Scores
from components.trainer.data.batches import Batches
from components.trainer.data.dataset import read_windows
from components.trainer.data.window_table import WindowTable
from components.trainer.inputs import TrainingInputs
from components.trainer.scoring.entity_counter import OUTSIDE_BIASES, EntityCounter
from components.trainer.settings import TrainerSettings
from components.trainer.trained_model import TrainedModel
from components.trainer.training import train

_BATCH = 128


def train_and_score(
    folder: Path, settings: Mapping[str, Any], splits: Mapping[str, Sequence[LabelledSentence]], seed: int
) -> tuple[float, float]:
    """Trains on `train`, chooses on `eval`, and returns the entity F1 on `test` and the size of the weights in MB.

    The score is that of the exported model on the tokenizer's tokens, except for rounding.

    Args:
        folder: empty folder for the files.
        settings: sections `transform`, `beam` and `trainer` of the configuration.
        splits: sentences of each split.
        seed: seed of the training.
    """
    rows = {name: [[one.tokens, one.tags] for one in sentences] for name, sentences in splits.items()}
    write_request(folder, {"transform": settings["transform"], "beam": settings["beam"], **rows})
    prepare(folder, tuple(splits))
    keras.backend.clear_session()
    graph = str(folder / GRAPH)
    files = {name: sorted(str(path) for path in folder.glob(f"{name}-*.gz")) for name in splits}
    configured = TrainerSettings.model_validate({**settings["trainer"], "seed": seed})
    trained = train(configured, TrainingInputs(files["train"], files["eval"], graph))
    megabytes = sum(weight.nbytes for weight in trained.model.get_weights()) / 1e6
    return entity_f1(trained, files["test"], graph, folder / "test"), megabytes


def entity_f1(trained: TrainedModel, files: Sequence[str], transform_graph: str, folder: Path) -> float:
    """Returns the entity F1 of a trained model on transformed examples, at the outside bias that it chose.

    Args:
        trained: the model.
        files: transformed examples.
        transform_graph: folder of the transform graph.
        folder: folder for the columns of the examples.
    """
    spec = tft.TFTransformOutput(transform_graph).transformed_feature_spec()
    table = WindowTable.write(folder, read_windows(files, spec, trained.windows))
    counter = EntityCounter(trained.tags)
    for batch in Batches(table, _BATCH).epoch(0):
        counter.add(keras.ops.convert_to_numpy(trained.model(batch.features)), batch.tags)
    correct, predicted, gold = counter.counts[OUTSIDE_BIASES.index(trained.outside_bias)].tolist()
    return Scores.of(correct, predicted, gold).f1
