from __future__ import annotations

import importlib.util

import pytest

from benchmarks.chosen_systems import chosen_systems
from benchmarks.fingerprint import code_hash, pins
from benchmarks.systems import PEERS


@pytest.mark.parametrize("name", sorted(PEERS))
def test_peer_names_code_and_packages_that_exist(name):
    system = PEERS[name]
    assert system.is_peer
    assert importlib.util.find_spec(system.target.partition(":")[0])
    assert system.target.partition(":")[0] in system.modules
    assert len(code_hash(system.modules)) == 16
    assert len(pins(system.packages)) == len(system.packages)


def test_ours_names_code_that_exists_and_a_class_that_needs_no_tensorflow():
    [system] = chosen_systems(["ours"], "transformer", [])
    assert len(code_hash(system.modules)) == 16
    peer = system.peer_class()(**system.settings)
    assert callable(peer.train)
