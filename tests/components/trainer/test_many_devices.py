"""Several devices of a host, and several hosts as processes of this machine."""

from __future__ import annotations

import contextlib
import json
import socket
import sys

import numpy as np
import pytest
from support import processes
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


def test_two_hosts_train_like_one_and_agree(on_one, tmp_path):
    checkpoint = str(tmp_path / "state")
    settings = {**SETTINGS, "checkpoint_steps": 7}
    shared = {"hosts": 2, "ports": free_ports(2), "dropout": 0.0, "settings": settings, "checkpoint": checkpoint}
    files = [tmp_path / f"{host}.npz" for host in range(2)]
    with contextlib.ExitStack() as stack:
        hosts = [
            stack.enter_context(start({**shared, "host": host, "out": str(file)})) for host, file in enumerate(files)
        ]
        assert [host.wait(timeout=600) for host in hosts] == [0, 0]
    for file in files:
        assert_close(file, on_one, replicas=2)
    first, second = (read(file)[0] for file in files)
    for mine, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    chief, other = (saved_steps(file) for file in files)
    assert {7, 14, 20} <= {*chief}  # an end of an epoch between them is saved if some seconds have passed
    assert other == []
