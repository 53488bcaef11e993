"""A training whose process is killed, and that is started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.repository import ROOT

from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.training import train

PROGRAM = str(ROOT / "tests" / "support" / "train_here.py")
CLOCKED = {"tokens_per_second", "data_wait"}


def start(told, log):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen([sys.executable, PROGRAM, json.dumps(told)], stderr=log, env=environment)


def kill_in_the_middle_of_an_epoch(process, checkpoint, epoch):
    """Waits for a checkpoint from the middle of an epoch, and kills."""
    for _ in range(30_000):
        kept = checkpoint.load()
        if kept and kept[0]["epoch"] >= epoch and kept[0]["step"] > 0:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.01)
    raise AssertionError("no checkpoint came")


def without_clock(history):
    return [{name: value for name, value in row.items() if name not in CLOCKED} for row in history]


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_a_killed_training_ends_with_the_weights_of_one_that_was_left_alone(transformed, settings, tmp_path):
    settings = settings.replace({"batch_size": 4, "epochs": 6, "patience": 6, "checkpoint_steps": 20})
    told = {
        "settings": settings.model_dump(mode="json"),
        "files": transformed.files,
        "graph": transformed.graph,
        "checkpoint": str(tmp_path / "state"),
        "weights": str(tmp_path / "weights.npz"),
    }
    checkpoint = Checkpoint(told["checkpoint"])
    with (tmp_path / "log").open("w+") as log:
        process = start(told, log)
        try:
            kill_in_the_middle_of_an_epoch(process, checkpoint, epoch=2)
        finally:
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert not Path(told["weights"]).exists()
        assert start(told, log).wait() == 0
        log.seek(0)
        assert f"goes on from {checkpoint}: epoch" in log.read()
    left_alone = train(settings, transformed.files, transformed.files, transformed.graph)
    with np.load(told["weights"]) as file:
        history = json.loads(str(file["history"]))
        weights = [file[name] for name in file.files if name != "history"]
    for killed, expected in zip(weights, left_alone.model.get_weights(), strict=True):
        np.testing.assert_array_equal(killed, expected)
    assert without_clock(history) == without_clock(left_alone.history)
