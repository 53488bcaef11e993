"""Scores of trainings on parts of a run's training data: how much more labels would help."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from components.common.files import write_atomically
from components.keys import EVAL_SPLIT, LEARNING_CURVE_FILE, TRAIN_SPLIT, TRAINER_SETTINGS_FILE
from components.reporter.errors import ReportError
from components.reporter.page.learning_curve import CurvePoint
from components.trainer.inputs import TrainingInputs
from components.trainer.settings import TrainerSettings
from configs.spec import PipelineConfig
from pipeline.run.run_record import RunRecord

EIGHTHS = (1, 2, 4, 8)
"""Sizes of the parts, in eighths of the training data."""

Train = Callable[[TrainerSettings, TrainingInputs], float]
"""Trains a tagger and returns its best entity F1 on the eval split."""


def curve_path(config: PipelineConfig, run_id: str) -> Path:
    """Returns the file of a run's learning curve, next to its report."""
    return config.root / "reports" / f"{run_id.replace(':', '-')}.{LEARNING_CURVE_FILE}"


def measure_learning_curve(
    config: PipelineConfig, record: RunRecord, *, epochs: int | None = None, train: Train | None = None
) -> Iterator[CurvePoint]:
    """Trains on 1/8, 1/4, 1/2 and all of a run's training data, and writes the scores when all are known.

    The parts contain each other, and a part of half the size is read twice as often in an epoch: every training takes
    the same number of steps, so that the smaller ones are not merely trained for less time.

    Args:
        config: configuration of the work folder.
        record: the run; its settings are used.
        epochs: epochs on all the data; None: those of the run.
        train: trains; None: the Trainer's loop.

    Yields:
        The score of each part as soon as it is known.

    Raises:
        ReportError: the run stopped before the training, or its files were removed.
    """
    examples, graph, model = (
        _folder(record, *output)
        for output in (
            ("Transform", "transformed_examples"),
            ("Transform", "transform_graph"),
            ("Trainer", "trained_model"),
        )
    )
    used = json.loads((model / TRAINER_SETTINGS_FILE).read_text(encoding="utf-8"))["settings"]
    settings = config.trainer.replace({**used, **({} if epochs is None else {"epochs": epochs})})
    files = {split: sorted(str(path) for path in examples.glob(f"Split-{split}/*")) for split in _SPLITS}
    total = _count(files[TRAIN_SPLIT])
    steps = -(-total // settings.for_windows(total).batch_size)
    settings = settings.replace({"epoch_steps": max(settings.epoch_steps, steps)})
    points = []
    with tempfile.TemporaryDirectory(prefix="learning-curve-") as folder:
        for eighths in EIGHTHS:
            part, sentences = _write_part(files[TRAIN_SPLIT], Path(folder, f"{eighths}.gz"), eighths)
            inputs = TrainingInputs([str(part)], files[EVAL_SPLIT], str(graph))
            point = CurvePoint(eighths / EIGHTHS[-1], sentences, (train or _train)(settings, inputs))
            points.append(point)
            yield point
    write_atomically(curve_path(config, record.run_id), json.dumps([dataclasses.asdict(each) for each in points]))


def read_learning_curve(config: PipelineConfig, run_id: str) -> list[CurvePoint]:
    """Returns the learning curve of a run; empty if none was measured.

    Raises:
        ReportError: the file is damaged.
    """
    path = curve_path(config, run_id)
    if not path.is_file():
        return []
    try:
        return [CurvePoint(**point) for point in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise ReportError(f"{path}: not a learning curve ({error}). Remove it, or measure again.") from error


_SPLITS = (TRAIN_SPLIT, EVAL_SPLIT)


def _folder(record: RunRecord, node: str, output: str) -> Path:
    folder = record.folder((node, output))
    if folder is None or not folder.is_dir():
        problem = f"{node} wrote no {output}" if folder is None else f"{folder} was removed"
        raise ReportError(f"run {record.run_id}: {problem}. `ner report --list` shows the other runs.")
    return folder


def _count(files: list[str]) -> int:
    import tensorflow as tf

    return sum(1 for _ in tf.data.TFRecordDataset(files, "GZIP"))


def _write_part(files: list[str], target: Path, eighths: int) -> tuple[Path, int]:
    """Writes the examples whose hash falls into the first eighths; returns the file and their number."""
    import tensorflow as tf

    count = 0
    with tf.io.TFRecordWriter(str(target), "GZIP") as writer:
        for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
            if hashlib.sha256(record).digest()[0] % EIGHTHS[-1] < eighths:
                writer.write(record)
                count += 1
    return target, count


def _train(settings: TrainerSettings, inputs: TrainingInputs) -> float:
    import keras

    from components.trainer.training import train

    keras.utils.clear_session()
    return train(settings, inputs).best_f1
