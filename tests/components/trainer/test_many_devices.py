"""Several devices of a host, and several hosts as processes of this machine."""

from __future__ import annotations

import contextlib
import json
import socket
import sys

import numpy as np
import pytest
from support import processes
from support.fake_kubernetes import FakeKubernetes
from support.repository import python_environment

pytestmark = pytest.mark.extended
# Without dropout, which differs on several devices, and for few steps, because sums are taken in another order.
SETTINGS = {"epochs": 2, "warmup": 0.0, "averaging": 0.5}


def start(request):
    environment = python_environment()
    environment.pop("TF_CONFIG", None)
    return processes.popen([sys.executable, "-m", "support.train_on_many", json.dumps(request)], env=environment)


def read(file):
    with np.load(file) as values:
        arrays = [values[name] for name in values.files if name.startswith("arr_")]
        return arrays, json.loads(str(values["history"])), int(values["replicas"])


def saved_steps(file):
    with np.load(file) as values:
        return json.loads(str(values["saved"]))


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


@pytest.fixture(scope="module")
def on_one(made_up, cpu):
    return made_up.fit(cpu, dropout=0.0, **SETTINGS)


def assert_close(file, on_one, replicas):
    weights, history, count = read(file)
    assert count == replicas
    assert len(history) == len(on_one[1].history)
    for row, expected in zip(history, on_one[1].history, strict=True):
        assert row["loss"] == pytest.approx(expected["loss"], rel=1e-3)
        assert row["val_entity_f1"] == pytest.approx(expected["val_entity_f1"], abs=0.02)
    for mine, theirs in zip(weights, on_one[0], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=5e-3)


def test_two_devices_of_a_host_train_like_one(on_one, tmp_path):
    settings = {**SETTINGS, "accumulation_steps": 2}
    with start({"devices": 2, "dropout": 0.0, "settings": settings, "out": str(tmp_path / "x.npz")}) as process:
        assert process.wait(timeout=600) == 0
    assert_close(tmp_path / "x.npz", on_one, replicas=2)


def test_two_hosts_train_like_one_and_agree_although_the_chief_is_killed(on_one, tmp_path, monkeypatch, capfd):
    from pipeline.kubeflow.container import host_job

    monkeypatch.setattr(host_job, "_POLL", 0.1)
    request = {
        "hosts": 2,
        "dropout": 0.0,
        "settings": {**SETTINGS, "checkpoint_steps": 7},
        "out": f"{tmp_path}/$(HOST_INDEX).npz",
        "checkpoint": f"{tmp_path}/state",
        "killed_after": 14,
    }
    command = host_job.HostCommand(
        "image", ["python", "-m", "support.train_on_many", json.dumps(request)], "ner-hosts", "", "Trainer"
    )
    settings = host_job.HostSettings(hosts=2, folder="", restarts=1, pod={"containers": [{"name": "main"}]})
    with contextlib.closing(FakeKubernetes(tmp_path, free_ports(2))) as kubernetes:
        host_job.HostJob(kubernetes.client, host_job.Owner("p", "u", "n", "a"), settings, command).train()
        assert len(kubernetes.created) == 2
    assert f"resuming from {tmp_path}/state/state.npz" in capfd.readouterr().err
    files = [tmp_path / f"{host}.npz" for host in range(2)]
    for file in files:
        assert_close(file, on_one, replicas=2)
    first, second = (read(file)[0] for file in files)
    for mine, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    chief, other = (saved_steps(file) for file in files)
    assert chief[0] > 14
    assert 20 in chief
    assert other == []
