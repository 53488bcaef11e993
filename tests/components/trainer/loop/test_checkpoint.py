"""State in a file."""

from __future__ import annotations

import os

import numpy as np
import pytest

from components.common.errors import NerError
from components.trainer.loop.checkpoint import Checkpoint


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
