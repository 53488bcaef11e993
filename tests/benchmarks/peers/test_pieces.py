from __future__ import annotations

from benchmarks.peers.pieces import pieces


def test_only_blanks_separate():
    assert pieces("  Ada  went\u00a0to Paris. ") == ["Ada", "went\u00a0to", "Paris."]
    assert pieces("") == []
