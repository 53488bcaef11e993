"""What a training runs on: one device, all GPUs of a host, or several hosts."""

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
    """The devices of a training, as one strategy.

    Attributes:
        strategy: what variables are made and steps are run under.
        gpus: names of the kinds of this host's GPUs that are used, such as `NVIDIA A100-SXM4-40GB`; empty on CPU.
        host: number of this host, from 0.
        hosts: how many take part. All run the same program on the same data and agree on every number.
    """

    strategy: tf.distribute.Strategy
    gpus: tuple[str, ...] = ()
    host: int = 0
    hosts: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this host is the one that writes models and checkpoints."""
        return self.host == 0

    @property
    def replicas(self) -> int:
        """How many devices take part, on all hosts."""
        return int(self.strategy.num_replicas_in_sync)

    def sum_over_hosts(self, values: np.ndarray) -> np.ndarray:
        """Adds up what each host has; all get the sum, so that all decide alike.

        Args:
            values: int64 or float64, of the same shape on each host.
        """
        if self.hosts == 1:
            return values

        def on_device(mine: tf.Tensor) -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(mine))

        summed = tf.function(lambda mine: self.strategy.run(on_device, args=(mine,)), autograph=False)
        total = self.strategy.experimental_local_results(summed(tf.constant(values)))[0].numpy()
        # Each device of a host sent what the host has.
        return (total / (self.replicas / self.hosts)).astype(values.dtype)


def choose_devices(kind: str, hosts: int) -> Devices:
    """Finds the devices to train on. Where there are several hosts, nothing else may have used TensorFlow before.

    Args:
        kind: `cpu`, `gpu` (all of the host), or `auto`: GPUs where there are some.
        hosts: how many hosts take part. More than one are made known by the environment variable TF_CONFIG
            (tensorflow.org/guide/distributed_training), which Kubeflow's training operator and Vertex AI set.

    Raises:
        NerError: there is no GPU, or TF_CONFIG speaks of other hosts.
    """
    host, named = _place_in_cluster()
    if named != hosts:
        raise NerError(_other_hosts(hosts, named))
    gpus = [] if kind == "cpu" else tf.config.list_physical_devices("GPU")
    if kind == "gpu" and not gpus:
        raise NerError(
            "trainer.devices is gpu, but TensorFlow finds no GPU on this machine. Set it to auto or cpu, or see why: "
            "`nvidia-smi` must list one, and TensorFlow must be installed with its CUDA libraries "
            "(pip install 'tensorflow[and-cuda]')."
        )
    names = tuple(tf.config.experimental.get_device_details(gpu).get("device_name", "unknown GPU") for gpu in gpus)
    strategy = _many_hosts(kind) if hosts > 1 else _one_host(len(gpus))
    chosen = Devices(strategy, names, host, hosts)
    where = f"{len(gpus)} x {names[0]}" if gpus else "the CPU"
    several = f", host {host + 1} of {hosts}" if hosts > 1 else ""
    logging.info("trains on %s (trainer.devices: %s)%s", where, kind, several)
    return chosen


def _place_in_cluster() -> tuple[int, int]:
    """This host's number and how many there are, by TF_CONFIG."""
    config = json.loads(os.environ.get("TF_CONFIG") or "{}")
    cluster, task = config.get("cluster", {}), config.get("task", {})
    chiefs, workers = len(cluster.get("chief", [])), len(cluster.get("worker", []))
    number = int(task.get("index", 0)) + (chiefs if task.get("type") == "worker" else 0)
    return number, max(chiefs + workers, 1)


def _other_hosts(hosts: int, named: int) -> str:
    if hosts > 1:
        return (
            f"trainer.hosts is {hosts}, but TF_CONFIG names {named}. Each host must run the Trainer in a process of "
            "its own whose environment variable TF_CONFIG lists all of them (docs/training.md); to train on this host "
            "alone, set trainer.hosts to 1."
        )
    return f"TF_CONFIG names {named} hosts: set trainer.hosts to {named}, or unset TF_CONFIG to train on this one alone"


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
            "several hosts can only be used from the start of a process, but TensorFlow has run in this one already "
            f"({error}). Run the Trainer in a process of its own on each host (docs/training.md)."
        ) from error
