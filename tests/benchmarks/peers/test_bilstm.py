"""BiLSTM-CRF, and its output layer compared with all paths written out."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch", reason="make bench-setup")
from benchmarks.peers.bilstm import BilstmPeer, fresh_network, to_inputs  # noqa: E402
from benchmarks.peers.bilstm_network import LinearChain  # noqa: E402
from benchmarks.peers.bilstm_vocabulary import Vocabulary  # noqa: E402

pytestmark = pytest.mark.extended


def test_bilstm_learns_and_loads_from_disk(check_peer):
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


TAGS = ["O", "B-X", "I-X", "E-X", "S-X", "S-Y"]


@pytest.fixture
def chain():
    torch.manual_seed(0)
    made = LinearChain(TAGS)
    with torch.no_grad():
        for weight in made.parameters():
            weight.normal_()
    return made


def path_score(chain, emissions, path):
    first, step, last = chain.scores()
    own = sum(emissions[time, tag] for time, tag in enumerate(path))
    return first[path[0]] + last[path[-1]] + own + sum(step[a, b] for a, b in itertools.pairwise(path))


def all_paths(length):
    return list(itertools.product(range(len(TAGS)), repeat=length))


def test_loss_is_that_of_all_paths_written_out(chain):
    emissions = torch.randn(2, 4, len(TAGS))
    gold = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0]])
    real = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    expected = 0.0
    for row, length in ((0, 4), (1, 2)):
        scores = torch.stack([path_score(chain, emissions[row], path) for path in all_paths(length)])
        expected += torch.logsumexp(scores, 0) - path_score(chain, emissions[row], gold[row, :length].tolist())
    assert float(chain.loss(emissions, gold, real).detach()) == pytest.approx(float(expected.detach()) / 2, rel=1e-5)


def test_decoding_finds_the_best_of_all_paths(chain):
    emissions = torch.randn(3, 4, len(TAGS)) * 2
    lengths = [4, 1, 3]
    best = [
        list(max(all_paths(n), key=lambda path, row=row: float(path_score(chain, emissions[row], path))))
        for row, n in enumerate(lengths)
    ]
    assert chain.decode(emissions, lengths) == best


def test_invalid_sequences_are_never_decoded(chain):
    emissions = torch.zeros(1, 3, len(TAGS))
    emissions[:, :, TAGS.index("I-X")] = 50.0
    [path] = chain.decode(emissions, [3])
    assert [TAGS[tag] for tag in path] == ["B-X", "I-X", "E-X"]
