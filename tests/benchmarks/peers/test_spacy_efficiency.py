"""spaCy."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy", reason="make bench-setup")
from benchmarks.peers.spacy_efficiency import SpacyPeer

pytestmark = pytest.mark.extended


def test_spacy_learns_and_loads_from_disk(check_peer):
    trained = check_peer(SpacyPeer(max_steps=200))
    assert len(trained.dev_scores) >= 1
