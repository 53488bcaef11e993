"""Devices of a training: one device, all GPUs of a host, or several hosts."""

from __future__ import annotations

import dataclasses
import json
import os

import numpy as np
import tensorflow as tf
from absl import logging

from components.common.errors import NerError


@dataclasses.dataclass(frozen=True)
class Devices:
    """Devices of a training as one distribution strategy.

    Attributes:
        strategy: strategy to create variables and run steps under.
        gpus: model names of this host's GPUs in use, such as `NVIDIA A100-SXM4-40GB`; empty on a CPU.
        host: index of this host.
        hosts: number of hosts. All run the same program on the same data and agree on every number.

    Example (`tests/components/trainer/test_devices.py` shows each case):

        devices = choose_devices("auto", hosts=1)
        with devices.strategy.scope():
            model = build_tagger(...)
    """

    strategy: tf.distribute.Strategy
    gpus: tuple[str, ...] = ()
    host: int = 0
    hosts: int = 1

    @property
    def is_chief(self) -> bool:
        """True on the host that writes models and checkpoints."""
        return self.host == 0

    @property
    def replicas(self) -> int:
        """Number of devices on all hosts together."""
        return int(self.strategy.num_replicas_in_sync)

    def sum_over_hosts(self, values: np.ndarray) -> np.ndarray:
        """Returns the sum of the hosts' values on every host.

        Args:
            values: int64 or float64, of the same shape on each host.
        """
        if self.hosts == 1:
            return values

        def on_device(mine: tf.Tensor) -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(mine))

        summed = tf.function(lambda mine: self.strategy.run(on_device, args=(mine,)), autograph=False)
        total = self.strategy.experimental_local_results(summed(tf.constant(values)))[0].numpy()
        # Each device of a host contributes the same values.
        return (total / (self.replicas / self.hosts)).astype(values.dtype)


def choose_devices(kind: str, hosts: int) -> Devices:
    """Chooses the devices to train on. With several hosts, call it before anything else uses TensorFlow.

    Args:
        kind: `cpu`, `gpu` (all GPUs of the host), or `auto`: GPUs if there are any.
        hosts: number of hosts. The environment variable TF_CONFIG names them if there are several
            (tensorflow.org/guide/distributed_training); Kubeflow's training operator and Vertex AI set it.

    Raises:
        NerError: there is no GPU, or TF_CONFIG names another number of hosts.
    """
    host, configured = _position_in_cluster()
    if configured != hosts:
        raise NerError(_wrong_number_of_hosts(hosts, configured))
    gpus = usable_gpus(kind)
    names = tuple(tf.config.experimental.get_device_details(gpu).get("device_name", "unknown GPU") for gpu in gpus)
    strategy = _many_hosts(kind) if hosts > 1 else _one_host(len(gpus))
    chosen = Devices(strategy, names, host, hosts)
    description = f"{len(gpus)} x {names[0]}" if gpus else "the CPU"
    position = f", host {host + 1} of {hosts}" if hosts > 1 else ""
    logging.info("training on %s (trainer.devices: %s)%s", description, kind, position)
    return chosen


def usable_gpus(kind: str) -> list[tf.config.PhysicalDevice]:
    """Returns the GPUs of this host that `trainer.devices` uses.

    Raises:
        NerError: there is no GPU, and `kind` is `gpu`.
    """
    gpus = [] if kind == "cpu" else tf.config.list_physical_devices("GPU")
    if kind == "gpu" and not gpus:
        raise NerError(
            "trainer.devices: is gpu, but TensorFlow finds no GPU on this machine. Set it to auto or cpu, or check "
            "that `nvidia-smi` lists a GPU and that TensorFlow is installed with its CUDA libraries "
            "(pip install 'tensorflow[and-cuda]')."
        )
    return list(gpus)


def _position_in_cluster() -> tuple[int, int]:
    """Returns the index of this host and the number of hosts according to TF_CONFIG."""
    config = json.loads(os.environ.get("TF_CONFIG") or "{}")
    cluster, task = config.get("cluster", {}), config.get("task", {})
    chiefs, workers = len(cluster.get("chief", [])), len(cluster.get("worker", []))
    number = int(task.get("index", 0)) + (chiefs if task.get("type") == "worker" else 0)
    return number, max(chiefs + workers, 1)


def _wrong_number_of_hosts(hosts: int, configured: int) -> str:
    if hosts > 1:
        return (
            f"trainer.hosts: is {hosts}, but TF_CONFIG names {configured}. Run the Trainer in a fresh process on each "
            "host, with an environment variable TF_CONFIG that lists all hosts (docs/training.md). To train on this "
            "host alone, set trainer.hosts to 1."
        )
    return (
        f"trainer.hosts: is 1, but TF_CONFIG names {configured} hosts. Set trainer.hosts to {configured}, or unset "
        "TF_CONFIG to train on this host alone."
    )


def _one_host(gpus: int) -> tf.distribute.Strategy:
    if gpus > 1:
        return tf.distribute.MirroredStrategy([f"/gpu:{number}" for number in range(gpus)])
    return tf.distribute.OneDeviceStrategy("/gpu:0" if gpus else "/cpu:0")


def _many_hosts(kind: str) -> tf.distribute.Strategy:
    try:
        if kind == "cpu":
            tf.config.set_visible_devices([], "GPU")
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise NerError(
            "trainer.hosts: several hosts must connect before TensorFlow is used, but it has run in this process "
            f"already ({error}). Run the Trainer in a fresh process on each host (docs/training.md)."
        ) from error
