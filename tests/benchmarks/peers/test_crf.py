"""CRFsuite."""

from __future__ import annotations

import pytest

pytest.importorskip("pycrfsuite", reason="make bench-setup")
from benchmarks.peers.crf import CrfPeer

pytestmark = pytest.mark.extended


@pytest.mark.parametrize("template", ["standard", "plus"])
def test_crf_learns_and_loads_from_disk(check_peer, template):
    trained = check_peer(CrfPeer(template, c1=0.1, c2=0.1, iterations=30))
    assert len(trained.dev_scores) == 1
    assert trained.passes <= 30
