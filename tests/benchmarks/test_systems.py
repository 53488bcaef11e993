"""Systems and their settings."""

from __future__ import annotations

import importlib.util
import re

import pytest

from benchmarks.machine import ROOT
from benchmarks.systems import PEERS, choose_systems
from components.common.errors import NerError


def test_other_systems_have_code_and_pinned_packages():
    pinned = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "benchmarks" / "requirements.txt").read_text(), re.MULTILINE)
    for system in PEERS.values():
        assert system.is_peer
        assert importlib.util.find_spec(system.target.partition(":")[0])
        assert set(system.packages) <= set(pinned)


def test_settings_of_another_system_can_be_changed():
    [crf, bilstm] = choose_systems(["crf", "bilstm"], "cnn_linear", ["bilstm.epochs=2"])
    assert crf == PEERS["crf"]
    assert bilstm.settings == {**PEERS["bilstm"].settings, "epochs": 2}
    assert PEERS["bilstm"].settings["epochs"] != 2


def test_ours_takes_settings_of_the_pipeline_and_needs_no_tensorflow():
    [ours] = choose_systems(["ours"], "transformer", ["ours.trainer.epochs=3", "crf.c1=0.3"])
    assert (ours.name, ours.is_peer) == ("ours_transformer", False)
    assert (ours.settings["trainer"]["tagger"], ours.settings["trainer"]["epochs"]) == ("transformer", 3)
    assert callable(ours.peer_class()(**ours.settings).train)
    both = choose_systems(["ours", "ours_transformer", "ours"], "cnn_linear", [])
    assert [system.name for system in both] == ["ours_cnn_linear", "ours_transformer"]


@pytest.mark.parametrize(
    ("names", "changes", "message"),
    [
        (["crfsuite"], [], "--systems crfsuite: unknown system. Known systems: crf"),
        (["crf"], ["crf.epochs=3"], "--set crf.epochs: unknown setting. Settings of crf: template"),
        (["crf"], ["epochs=3"], "not of the form SYSTEM.KEY=VALUE"),
        (["crf"], ["crf.template=plus"], "--set crf.template=plus: the value is not JSON"),
        (["ours"], ["ours.trainer.epoch=3"], "did you mean trainer.epochs"),
        (["ours_bert"], [], "trainer.tagger"),
    ],
)
def test_errors_name_the_system_or_setting(names, changes, message):
    with pytest.raises(NerError, match=re.escape(message)):
        choose_systems(names, "cnn_linear", changes)
