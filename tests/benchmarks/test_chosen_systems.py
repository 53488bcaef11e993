from __future__ import annotations

import pytest

from benchmarks.chosen_systems import chosen_systems
from benchmarks.systems import PEERS
from components.common.errors import NerError


def test_peers_come_with_their_settings():
    [crf, bilstm] = chosen_systems(["crf", "bilstm"], "cnn_linear", ["bilstm.epochs=2"])
    assert crf == PEERS["crf"]
    assert bilstm.settings == {**PEERS["bilstm"].settings, "epochs": 2}
    assert PEERS["bilstm"].settings["epochs"] != 2


def test_ours_takes_settings_of_the_pipeline_configuration():
    [ours] = chosen_systems(["ours"], "transformer", ["ours.trainer.epochs=3", "crf.c1=0.3"])
    assert ours.name == "ours_transformer"
    assert not ours.is_peer
    assert ours.settings["trainer"]["tagger"] == "transformer"
    assert ours.settings["trainer"]["epochs"] == 3


def test_two_taggers_of_ours_are_two_systems():
    found = chosen_systems(["ours", "ours_transformer", "ours"], "cnn_linear", [])
    assert [system.name for system in found] == ["ours_production", "ours_transformer"]


@pytest.mark.parametrize(
    ("names", "changes", "message"),
    [
        (["crfsuite"], [], "crfsuite: no such system; known are crf"),
        (["crf"], ["crf.epochs=3"], "crf.epochs: is no setting of crf; known are template"),
        (["crf"], ["epochs=3"], "takes system.key=value"),
        (["crf"], ["flair.epochs=3"], "takes system.key=value"),
        (["crf"], ["crf.template=plus"], "must be JSON"),
        (["ours"], ["ours.trainer.epoch=3"], "did you mean epochs"),
        (["ours_bert"], [], "trainer -> tagger"),
    ],
)
def test_what_does_not_exist_is_named(names, changes, message):
    with pytest.raises(NerError, match=message):
        chosen_systems(names, "cnn_linear", changes)
