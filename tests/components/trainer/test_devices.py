"""Devices of a training."""

from __future__ import annotations

import json

import numpy as np
import pytest
from absl import logging
from support.lazy import LazyModule

from components.common.errors import NerError

tf = LazyModule("tensorflow")


def choose_devices(kind, hosts):
    from components.trainer.devices import choose_devices

    return choose_devices(kind, hosts)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])


@pytest.fixture
def a_gpu(monkeypatch):
    """One GPU, as TensorFlow reports it."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "NVIDIA A100"})
    monkeypatch.setattr(tf.distribute, "OneDeviceStrategy", lambda device: device)


def test_gpu_is_an_error_where_there_is_none(no_gpu):
    with pytest.raises(NerError, match=r"trainer.devices: is gpu, but TensorFlow finds no GPU.*auto or cpu"):
        choose_devices("gpu", 1)


def test_without_a_gpu_the_cpu_is_chosen(no_gpu):
    for kind in ("auto", "cpu"):
        devices = choose_devices(kind, 1)
        assert (devices.gpus, devices.replicas, devices.is_chief) == ((), 1, True)


def test_a_gpu_is_chosen_unless_the_setting_is_cpu(a_gpu):
    for kind, device, gpus in (("auto", "/gpu:0", 1), ("gpu", "/gpu:0", 1), ("cpu", "/cpu:0", 0)):
        devices = choose_devices(kind, 1)
        assert devices.strategy == device
        assert devices.gpus == ("NVIDIA A100",) * gpus


def test_the_choice_is_logged(a_gpu, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *args: lines.append(text % args))
    choose_devices("auto", 1)
    assert lines == ["training on 1 x NVIDIA A100 (trainer.devices: auto)"]


def cluster(monkeypatch, workers, index=0, chiefs=0, kind="worker"):
    hosts = {"worker": [f"w{i}:1" for i in range(workers)], "chief": [f"c{i}:1" for i in range(chiefs)]}
    config = {"cluster": {name: members for name, members in hosts.items() if members}}
    monkeypatch.setenv("TF_CONFIG", json.dumps({**config, "task": {"type": kind, "index": index}}))


def test_hosts_must_be_those_of_tf_config(monkeypatch):
    with pytest.raises(NerError, match=r"trainer.hosts: is 2, but TF_CONFIG names 1"):
        choose_devices("cpu", 2)
    cluster(monkeypatch, 3)
    with pytest.raises(NerError, match=r"TF_CONFIG names 3 hosts. Set trainer.hosts to 3"):
        choose_devices("cpu", 1)


def test_the_chief_is_the_first_host(monkeypatch):
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda devices, kind: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda: "strategy")
    for workers, chiefs, kind, index, host in (
        (2, 0, "worker", 0, 0), (2, 0, "worker", 1, 1), (1, 1, "chief", 0, 0), (1, 1, "worker", 0, 1),
    ):  # fmt: skip
        cluster(monkeypatch, workers, index, chiefs, kind)
        devices = choose_devices("cpu", 2)
        assert (devices.host, devices.hosts, devices.is_chief) == (host, 2, host == 0)


def test_several_hosts_need_a_fresh_process(monkeypatch):
    cluster(monkeypatch, 2)

    def too_late():
        raise RuntimeError("Collective ops must be configured at program startup")

    monkeypatch.setattr(tf.config, "set_visible_devices", lambda devices, kind: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", too_late)
    with pytest.raises(NerError, match="in a fresh process on each host"):
        choose_devices("cpu", 2)


def test_the_sum_over_one_host_is_its_value(cpu):
    np.testing.assert_array_equal(cpu.sum_over_hosts(np.array([1, 2])), [1, 2])
