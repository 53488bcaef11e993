"""Trains on the made-up corpus on several devices, in a process of its own: TensorFlow must not have run before.

Takes JSON on the command line: `out` (a file to write), and either `devices` (that many of one host) or `hosts` and
`ports` with `host` (this one's number).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from made_up_corpus import MadeUp

from components.trainer.devices import Devices, choose_devices
from components.trainer.loop.checkpoint import Checkpoint

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    if "hosts" in told:
        cluster = {"worker": [f"localhost:{port}" for port in told["ports"]]}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": told["host"]}})
        devices = choose_devices("cpu", told["hosts"])
    else:
        cpus = [tf.config.LogicalDeviceConfiguration()] * told["devices"]
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)
        names = [f"/cpu:{number}" for number in range(told["devices"])]
        devices = Devices(tf.distribute.MirroredStrategy(names))
    with tempfile.TemporaryDirectory() as folder:
        made_up = MadeUp(Path(folder))
        checkpoint = Checkpoint(told["checkpoint"]) if "checkpoint" in told else None
        made = {"dropout": told["dropout"], "hosts": devices.hosts, **told["settings"]}
        weights, result = made_up.fit(devices, checkpoint, **made)
    np.savez(told["out"], *weights, history=json.dumps(result.history), replicas=devices.replicas)
