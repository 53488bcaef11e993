"""State in a file."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tensorflow as tf

from components.common.errors import NerError
from components.trainer.loop.checkpoint import Checkpoint, Progress, TrainingState


def test_what_was_saved_last_is_loaded(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a" / "b")
    assert checkpoint.load() is None
    checkpoint.save({"step": 1}, {"w": np.zeros(3)})
    checkpoint.save({"step": 2, "rows": [{"mfu": None}]}, {"w": np.ones(2, np.float32), "n": np.array(7, np.int64)})
    numbers, arrays = Checkpoint(tmp_path / "a" / "b").load()
    assert numbers == {"step": 2, "rows": [{"mfu": None}]}
    assert arrays["w"].tolist() == [1.0, 1.0]
    assert (arrays["w"].dtype, arrays["n"]) == (np.float32, 7)
    assert os.listdir(tmp_path / "a" / "b") == ["state.npz"]


def test_a_save_that_fails_leaves_the_state_before_it(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({"step": 1}, {})

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        checkpoint.save({"step": 2}, {"w": np.ones(1000)})
    assert checkpoint.load()[0] == {"step": 1}
    assert os.listdir(tmp_path) == ["state.npz"]


def test_discarding_leaves_nothing_and_may_be_done_twice(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a")
    checkpoint.save({}, {})
    checkpoint.discard()
    checkpoint.discard()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no zip file"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "state.npz").write_bytes(content)
    with pytest.raises(NerError, match=r"state\.npz: the state of a stopped training cannot be read.*Delete the file"):
        Checkpoint(tmp_path).load()


def test_half_a_file_is_named(tmp_path):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save({"step": 1}, {"w": np.arange(1000)})
    file = tmp_path / "state.npz"
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(NerError, match="cannot be read"):
        checkpoint.load()


def variables():
    return [tf.Variable([1.0, 2.0]), tf.Variable(3, dtype=tf.int64), *(tf.Variable([float(i)]) for i in range(12))]


def test_everything_comes_back(tmp_path):
    checkpoint = Checkpoint(tmp_path)
    state = TrainingState(variables())
    rows = [{"val_entity_f1": 0.1 + 0.2, "mfu": None}]
    state.progress = Progress(1, 7, 17, loss_sum=0.1, tokens=70, seconds=1.5, waited=0.5, rows=rows, best_epoch=0)
    state.best_weights = [np.array([i], np.float32) for i in range(12)]
    state.save(checkpoint)

    fresh = variables()
    for variable in fresh:
        variable.assign(tf.zeros_like(variable))
    other = TrainingState(fresh)
    assert other.restore(checkpoint)
    assert other.progress == state.progress
    for one, two in zip(fresh, variables(), strict=True):
        assert one.numpy().tolist() == two.numpy().tolist()
    assert [weights.tolist() for weights in other.best_weights] == [[i] for i in range(12)]


def test_without_a_checkpoint_nothing_changes(tmp_path):
    state = TrainingState(variables())
    assert not state.restore(Checkpoint(tmp_path))
    assert state.progress == Progress()


def test_the_state_of_another_model_is_refused(tmp_path):
    TrainingState(variables()).save(Checkpoint(tmp_path))
    with pytest.raises(NerError, match=r"state\.npz: this is the state of another model\. Delete it"):
        TrainingState([tf.Variable([1.0])]).restore(Checkpoint(tmp_path))


def test_an_epoch_ends_with_fresh_sums():
    progress = Progress(2, 7, 17, 0.1, 70, 1.5, 0.5)
    progress.end_epoch({"val_entity_f1": 0.5})
    assert progress == Progress(epoch=3, steps=17, rows=[{"val_entity_f1": 0.5}])
    progress.best_epoch = 0
    assert progress.best_f1 == 0.5
    assert Progress().best_f1 == -1.0
