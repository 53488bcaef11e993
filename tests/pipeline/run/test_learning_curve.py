"""Trainings on parts of the data of a run; the training itself is replaced."""

from __future__ import annotations

import dataclasses
import json

import pytest
from support.lazy import LazyModule

from components.reporter.errors import ReportError
from components.trainer.settings import TrainerSettings
from configs.loading import load_config
from pipeline.run.learning_curve import curve_path, measure_learning_curve, read_learning_curve
from pipeline.run.run_record import RunRecord

tf = LazyModule("tensorflow")


@pytest.fixture
def config(tmp_path):
    return load_config(None, [f"work_dir={tmp_path}"])


@pytest.fixture
def record(config, tmp_path):
    """A run that trained on 400 examples for 6 epochs."""
    outputs = {}
    for node, name in (
        ("Transform", "transformed_examples"),
        ("Transform", "transform_graph"),
        ("Trainer", "trained_model"),
    ):
        (tmp_path / name).mkdir()
        outputs[node, name] = (str(tmp_path / name), {})
    for split in ("train", "eval"):
        folder = tmp_path / "transformed_examples" / f"Split-{split}"
        folder.mkdir()
        with tf.io.TFRecordWriter(str(folder / "part.gz"), "GZIP") as writer:
            for number in range(400):
                writer.write(f"example {number}".encode())
    used = {**config.trainer.selected(), "epochs": 6, "batch_size": 2, "learning_rate": 0.125}
    (tmp_path / "trained_model" / "trainer_settings.json").write_text(json.dumps({"settings": used, "searched": []}))
    return RunRecord((), outputs, "2026-11-21T10:00:00.1")


def test_parts_contain_each_other_and_take_equally_many_steps(config, record):
    seen: list[tuple[TrainerSettings, set[bytes]]] = []

    def train(settings, inputs):
        assert inputs.eval_files == [f"{record.outputs['Transform', 'transformed_examples'][0]}/Split-eval/part.gz"]
        seen.append((settings, set(tf.data.TFRecordDataset(inputs.train_files, "GZIP").as_numpy_iterator())))
        return len(seen) / 10

    points = list(measure_learning_curve(config, record, train=train))
    assert [(point.share, point.f1) for point in points] == [(0.125, 0.1), (0.25, 0.2), (0.5, 0.3), (1.0, 0.4)]
    assert {(settings.epochs, settings.epoch_steps) for settings, _ in seen} == {(6, 200)}  # 400 examples, batches of 2
    assert {settings.learning_rate for settings, _ in seen} == {0.125}
    parts = [part for _, part in seen]
    assert parts[0] < parts[1] < parts[2] < parts[3]
    assert [point.sentences for point in points] == [len(part) for part in parts]
    assert len(parts[3]) == 400
    assert 25 < len(parts[0]) < 80
    assert read_learning_curve(config, record.run_id) == points


def test_interrupted_measurement_writes_nothing(config, record):
    curve = measure_learning_curve(config, record, epochs=1, train=lambda *_: 0.5)
    next(curve)
    curve.close()
    assert read_learning_curve(config, record.run_id) == []


def test_run_without_training_and_removed_files_are_named(config, record, tmp_path):
    (tmp_path / "transform_graph").rmdir()
    with pytest.raises(ReportError, match=r"transform_graph was removed"):
        list(measure_learning_curve(config, record))
    with pytest.raises(ReportError, match=r"Transform wrote no transformed_examples"):
        list(measure_learning_curve(config, dataclasses.replace(record, outputs={})))


def test_damaged_curve_is_named(config):
    path = curve_path(config, "r")
    path.parent.mkdir(parents=True)
    path.write_text("[1]")
    with pytest.raises(ReportError, match=r"r\.learning_curve\.json: not a learning curve"):
        read_learning_curve(config, "r")
