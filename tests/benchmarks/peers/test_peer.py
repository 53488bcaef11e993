from __future__ import annotations

from benchmarks.peers.peer import DevScore, TrainedPeer


def test_best_is_the_first_of_the_best_scores():
    scores = (DevScore(1.0, 1.0, 0.3), DevScore(2.0, 2.0, 0.7), DevScore(3.0, 3.0, 0.7))
    assert TrainedPeer(None, scores, 3.0, 4.0).best == scores[1]
    assert dict(TrainedPeer(None, scores, 3.0, 4.0).extra) == {}
