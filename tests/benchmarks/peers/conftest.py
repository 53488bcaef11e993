"""A corpus that every system learns."""

from __future__ import annotations

import random

import pytest

from benchmarks.corpus import LabelledSentence

NAMES = ["Ada", "Alan", "Grace", "Edsger", "Barbara", "Donald"]
PLACES = [("Paris",), ("New", "York"), ("Rome",), ("Los", "Angeles"), ("Oslo",)]


@pytest.fixture(scope="session")
def learnable():
    """200 sentences about people and places."""
    rng = random.Random(0)
    sentences = []
    for _ in range(200):
        place = rng.choice(PLACES)
        tokens = (rng.choice(NAMES), rng.choice(["went", "flew", "moved"]), "to", *place, ".")
        tags = ("B-PER", "O", "O", "B-LOC", *["I-LOC"] * (len(place) - 1), "O")
        sentences.append(LabelledSentence(tokens, tags))
    return sentences


@pytest.fixture
def check_peer(learnable, tmp_path):
    """Function that trains a system and checks its interface."""
    from benchmarks.peers.peer import score

    def check(peer):
        trained = peer.train(learnable[:150], learnable[150:], seed=0, language="en")
        assert score(trained.tagger, learnable[150:]).micro().f1 > 0.95
        assert 0 < trained.best.cpu_seconds <= trained.cpu_seconds + 1
        assert trained.passes >= trained.best.passes > 0
        folder = tmp_path / "model"
        folder.mkdir()
        trained.tagger.save(folder)
        loaded = type(peer).load(folder)
        texts = [sentence.text for sentence in learnable[:5]] + ["", "  Ada  flew to   Oslo . ", "?"]
        tags = loaded.tag(texts)
        assert tags == trained.tagger.tag(texts)
        assert [len(row) for row in tags] == [len(text.split()) for text in texts]
        assert tags[-2] == ["B-PER", "O", "O", "B-LOC", "O"]
        assert loaded.tag(texts[-2:]) == tags[-2:]
        return trained

    return check
