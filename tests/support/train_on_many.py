"""Program that trains on the artificial corpus on several devices; TensorFlow must not have run before.

Its argument is JSON: `out` (file to write), `settings`, `dropout`, optionally `checkpoint`, and either `devices` (that
many of one host) or `hosts`, which TF_CONFIG names. The process that first saves the step `killed_after` kills itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import logging

from components.trainer.devices import Devices, choose_devices
from components.trainer.loop.checkpoint import Checkpoint
from support.made_up_corpus import MadeUp


class Recorded(Checkpoint):
    """A checkpoint that remembers the steps at which this process saved it."""

    def __init__(self, folder, killed_after):
        super().__init__(folder)
        self.saved, self._killed_after, self._marker = [], killed_after, Path(f"{folder}-killed")

    def save(self, numbers, arrays):
        self.saved.append(numbers["steps"])
        super().save(numbers, arrays)
        if numbers["steps"] == self._killed_after and not self._marker.exists():
            self._marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    request = json.loads(sys.argv[1])
    if "hosts" in request:
        devices = choose_devices("cpu", request["hosts"])
    else:
        cpus = [tf.config.LogicalDeviceConfiguration()] * request["devices"]
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)
        devices = Devices(tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(request["devices"])]))
    checkpoint = Recorded(request["checkpoint"], request.get("killed_after")) if "checkpoint" in request else None
    with tempfile.TemporaryDirectory() as folder:
        weights, result = MadeUp(Path(folder)).fit(
            devices, checkpoint=checkpoint, dropout=request["dropout"], hosts=devices.hosts, **request["settings"]
        )
    saved = json.dumps(checkpoint.saved if checkpoint else [])
    np.savez(request["out"], *weights, history=json.dumps(result.history), replicas=devices.replicas, saved=saved)
