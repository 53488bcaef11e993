"""Report of an epoch."""

from __future__ import annotations

from absl import logging
from support.lazy import LazyModule

tf = LazyModule("tensorflow")
epoch_log = LazyModule("components.trainer.loop.epoch_log")

ROW = {
    "loss": 0.125, "val_loss": 0.25, "val_entity_precision": 0.5, "val_entity_recall": 0.25, "val_entity_f1": 0.333,
    "outside_bias": -1.0, "tokens_per_second": 12345.6, "data_wait": 0.012, "mfu": None,
}  # fmt: skip


def test_an_epoch_is_one_line():
    assert epoch_log.format_epoch(3, 20, ROW, kept=False) == (
        "epoch 3/20  loss 0.125 dev 0.25  P 0.500 R 0.250 F1 0.333  12k tok/s"
    )
    assert "F1 0.333 kept  12k" in epoch_log.format_epoch(3, 20, ROW, kept=True)
    assert epoch_log.format_epoch(3, 20, {**ROW, "mfu": 0.423}, kept=False).endswith("/s  MFU 42 %")


def test_the_line_fits_80_columns_with_the_indent_of_a_run_and_without_its_last_figure():
    row = {**ROW, "loss": 0.0123, "val_loss": 12.3456, "data_wait": 0.12, "mfu": 0.423, "tokens_per_second": 23456.0}
    line = epoch_log.format_epoch(20, 20, row, kept=True)
    assert line.endswith("/s  waiting 12 %")
    assert len(line.partition("  waiting")[0]) <= 76


def test_the_last_line_names_the_kept_epoch_and_why_an_earlier_one_with_a_higher_score_is_not_it():
    rows = [{"val_entity_f1": score} for score in (0.9, 0.625, 0.621)]
    assert epoch_log.format_choice(rows, 0, 0.01) == "keeps epoch 1: F1 0.900, the highest"
    assert epoch_log.format_choice(rows[1:], 1, 0.01) == (
        "keeps epoch 2: F1 0.621; epoch 1 with 0.625 is better by chance only (less than 0.010)"
    )
    assert epoch_log.format_choice(rows, 2, 0.01) == (
        "keeps epoch 3: F1 0.621; epoch 1 with 0.900 ended too early in the training to count"
    )
    assert epoch_log.format_choice([{"val_entity_f1": None}] * 2, 1, 0.0) == "keeps epoch 2: F1 0.000 as in all epochs"


def test_log_and_tensorboard_receive_the_figures(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *args: lines.append(text % args))
    epoch_log.EpochLog(str(tmp_path), 20).write(3, ROW, kept=False)
    assert lines == [epoch_log.format_epoch(3, 20, ROW, kept=False)]
    (file,) = tmp_path.iterdir()
    values = {
        value.tag: (event.step, float(tf.make_ndarray(value.tensor)))
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    assert values["val_entity_recall"] == (3, 0.25)
    assert set(values) == set(ROW) - {"mfu"}


def test_without_a_folder_only_the_line_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    epoch_log.EpochLog(None, 20).write(3, ROW, kept=False)
    assert not list(tmp_path.iterdir())
