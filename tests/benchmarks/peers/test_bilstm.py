from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="make bench-setup")
from benchmarks.peers.bilstm import BilstmPeer  # noqa: E402
from benchmarks.peers.bilstm_tagger import fresh_network, to_inputs  # noqa: E402
from benchmarks.peers.bilstm_vocabulary import Vocabulary  # noqa: E402


def test_bilstm_learns_and_comes_back_from_disk(check_peer):
    trained = check_peer(BilstmPeer(epochs=12, patience=3, batch_size=16))
    values = [score.f1 for score in trained.dev_scores]
    assert trained.passes == len(values)
    assert len(values) == min(12, values.index(max(values)) + 1 + 3)  # three epochs without a better score end it


def test_same_seed_gives_the_same_scores(learnable):
    def scores(seed):
        peer = BilstmPeer(epochs=1, patience=1, batch_size=16)
        trained = peer.train(learnable[:64], learnable[64:96], seed, "en")
        return [weight.sum().item() for weight in trained.tagger.network.parameters()]

    assert scores(3) == scores(3) != scores(4)


def test_a_sentence_is_read_the_same_alone_and_in_a_batch():
    vocabulary = Vocabulary.build([["Ada", "saw", "Paris"]], [["B-X", "O", "B-Y"]])
    network = fresh_network(vocabulary).eval()
    sentences = [["Ada", "saw"], ["Internationalisation", "?", "Ada", "Paris", "saw"]]
    together = network(to_inputs(sentences, vocabulary))
    alone = network(to_inputs(sentences[:1], vocabulary))
    assert torch.allclose(together[0, :2], alone[0], atol=1e-6)
