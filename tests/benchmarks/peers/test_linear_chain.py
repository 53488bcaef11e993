from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch", reason="make bench-setup")
from benchmarks.peers.linear_chain import LinearChain  # noqa: E402

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
    first, step, last = chain._scores()
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


def test_illegal_sequences_are_never_decoded(chain):
    emissions = torch.zeros(1, 3, len(TAGS))
    emissions[:, :, TAGS.index("I-X")] = 50.0
    [path] = chain.decode(emissions, [3])
    assert [TAGS[tag] for tag in path] == ["B-X", "I-X", "E-X"]
