"""A training whose process is killed and that is started again."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support import processes
from support.repository import python_environment

pytestmark = pytest.mark.extended
CLOCKED = {"tokens_per_second", "data_wait"}


def start(request, log):
    command = [sys.executable, "-m", "support.train_here", json.dumps(request)]
    return processes.popen(command, stderr=log, env=python_environment())


def kill_in_the_middle_of_an_epoch(process, checkpoint, epoch):
    """Waits for a checkpoint from the middle of an epoch, and kills the process."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        saved = checkpoint.load()
        if saved and saved[0]["epoch"] >= epoch and saved[0]["step"] > 0:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return
        assert process.poll() is None, "the training ended before it was killed"
        time.sleep(0.01)
    raise AssertionError("no checkpoint appeared")


def without_clock(history):
    return [{name: value for name, value in row.items() if name not in CLOCKED} for row in history]


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_a_killed_training_ends_with_the_weights_of_an_uninterrupted_one(transformed, settings, tmp_path):
    from components.trainer.loop.checkpoint import Checkpoint
    from components.trainer.training import train

    settings = settings.replace({"batch_size": 4, "epochs": 6, "patience": 6, "checkpoint_steps": 20})
    request = {
        "settings": settings.model_dump(mode="json"),
        "files": transformed.files,
        "graph": transformed.graph,
        "checkpoint": str(tmp_path / "state"),
        "weights": str(tmp_path / "weights.npz"),
    }
    checkpoint = Checkpoint(request["checkpoint"])
    with (tmp_path / "log").open("w+") as log:
        with start(request, log) as process:
            kill_in_the_middle_of_an_epoch(process, checkpoint, epoch=2)
        assert process.returncode == -signal.SIGKILL
        assert not Path(request["weights"]).exists()
        with start(request, log) as process:
            assert process.wait(timeout=600) == 0
        log.seek(0)
        assert f"resuming from {checkpoint}: epoch" in log.read()
    uninterrupted = train(settings, transformed.inputs)
    with np.load(request["weights"]) as file:
        history = json.loads(str(file["history"]))
        weights = [file[name] for name in file.files if name != "history"]
    for resumed, expected in zip(weights, uninterrupted.model.get_weights(), strict=True):
        np.testing.assert_array_equal(resumed, expected)
    assert without_clock(history) == without_clock(uninterrupted.history)
