"""State of a training in a file."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

tf = LazyModule("tensorflow")
checkpoints = LazyModule("components.trainer.loop.checkpoint")


def test_the_last_saved_state_is_loaded(tmp_path):
    checkpoint = checkpoints.Checkpoint(tmp_path / "a" / "b")
    assert checkpoint.load() is None
    checkpoint.save({"step": 1}, {"w": np.zeros(3)})
    checkpoint.save({"step": 2, "rows": [{"mfu": None}]}, {"w": np.ones(2, np.float32), "n": np.array(7, np.int64)})
    numbers, arrays = checkpoints.Checkpoint(tmp_path / "a" / "b").load()
    assert numbers == {"step": 2, "rows": [{"mfu": None}]}
    assert arrays["w"].tolist() == [1.0, 1.0]
    assert (arrays["w"].dtype, arrays["n"]) == (np.float32, 7)
    assert os.listdir(tmp_path / "a" / "b") == ["state.npz"]


def test_a_save_that_fails_leaves_the_state_before_it(tmp_path, monkeypatch):
    checkpoint = checkpoints.Checkpoint(tmp_path)
    checkpoint.save({"step": 1}, {})

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        checkpoint.save({"step": 2}, {"w": np.ones(1000)})
    assert checkpoint.load()[0] == {"step": 1}
    assert os.listdir(tmp_path) == ["state.npz"]


def test_discard_leaves_nothing_and_can_be_repeated(tmp_path):
    checkpoint = checkpoints.Checkpoint(tmp_path / "a")
    checkpoint.save({}, {})
    checkpoint.discard()
    checkpoint.discard()
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "state.npz").write_bytes(b"no zip file")
    with pytest.raises(NerError, match=r"state\.npz: the saved state of a training cannot be read.*Delete the file"):
        checkpoints.Checkpoint(tmp_path).load()


def test_half_a_file_is_named(tmp_path):
    checkpoint = checkpoints.Checkpoint(tmp_path)
    checkpoint.save({"step": 1}, {"w": np.arange(1000)})
    file = tmp_path / "state.npz"
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(NerError, match="cannot be read"):
        checkpoint.load()


def test_a_file_that_is_replaced_meanwhile_is_read_whole(tmp_path):
    checkpoint, stop = checkpoints.Checkpoint(tmp_path), threading.Event()

    def keep_replacing():
        step = 0
        while not stop.is_set():
            step += 1
            checkpoint.save({"step": step}, {"w": np.full(step % 7 * 1000, step)})

    writer = threading.Thread(target=keep_replacing)
    writer.start()
    try:
        states = [checkpoint.load() for _ in range(100)]
    finally:
        stop.set()
        writer.join()
    assert all((arrays["w"] == numbers["step"]).all() for numbers, arrays in filter(None, states))


def variables():
    return [tf.Variable([1.0, 2.0]), tf.Variable(3, dtype=tf.int64), *(tf.Variable([float(i)]) for i in range(12))]


def test_everything_is_restored(tmp_path):
    checkpoint = checkpoints.Checkpoint(tmp_path)
    state = checkpoints.TrainingState(variables())
    rows = [{"val_entity_f1": 0.1 + 0.2, "mfu": None}]
    state.progress = checkpoints.Progress(
        1, 7, 17, loss_sum=0.1, tokens=70, seconds=1.5, waited=0.5, rows=rows, best_epoch=0
    )
    state.best_weights = [np.array([i], np.float32) for i in range(12)]
    state.save(checkpoint)

    fresh = variables()
    for variable in fresh:
        variable.assign(tf.zeros_like(variable))
    other = checkpoints.TrainingState(fresh)
    assert other.restore(checkpoint)
    assert other.progress == state.progress
    for one, two in zip(fresh, variables(), strict=True):
        assert one.numpy().tolist() == two.numpy().tolist()
    assert [weights.tolist() for weights in other.best_weights] == [[i] for i in range(12)]


def test_without_a_checkpoint_nothing_changes(tmp_path):
    state = checkpoints.TrainingState(variables())
    assert not state.restore(checkpoints.Checkpoint(tmp_path))
    assert state.progress == checkpoints.Progress()


def test_the_state_of_another_model_is_refused(tmp_path):
    checkpoints.TrainingState(variables()).save(checkpoints.Checkpoint(tmp_path))
    with pytest.raises(NerError, match=r"state\.npz: this is the state of another model\. Delete the file"):
        checkpoints.TrainingState([tf.Variable([1.0])]).restore(checkpoints.Checkpoint(tmp_path))


def test_an_epoch_ends_with_fresh_sums():
    progress = checkpoints.Progress(2, 7, 17, 0.1, 70, 1.5, 0.5)
    progress.end_epoch({"val_entity_f1": 0.5})
    assert progress == checkpoints.Progress(epoch=3, steps=17, rows=[{"val_entity_f1": 0.5}])
    progress.highest_epoch = 0
    assert progress.highest_f1 == 0.5
    assert checkpoints.Progress().highest_f1 == -1.0
