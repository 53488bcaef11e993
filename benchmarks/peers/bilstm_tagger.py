"""A trained BiLSTM-CRF: raw sentences in, IOB2 tags out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.peers.bilstm_network import BilstmNetwork, Inputs
from benchmarks.peers.bilstm_vocabulary import PAD, Vocabulary, case_id
from benchmarks.peers.pieces import pieces
from components.text.tags import to_iob2

_WEIGHTS, _VOCABULARY = "weights.pt", "vocabulary.json"


class BilstmTagger:
    """The network with its vocabulary."""

    def __init__(self, network: BilstmNetwork, vocabulary: Vocabulary) -> None:
        """Takes both; the network is switched to inference at each use."""
        self.network, self.vocabulary = network, vocabulary

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """See `Tagger`."""
        split = [pieces(sentence) for sentence in sentences]
        present = [tokens for tokens in split if tokens]
        if not present:
            return [[] for _ in split]
        self.network.eval()
        with torch.inference_mode():
            inputs = to_inputs(present, self.vocabulary)
            paths = iter(self.network.chain.decode(self.network(inputs), [len(tokens) for tokens in present]))
        names = self.vocabulary.tags
        return [to_iob2([names[tag] for tag in next(paths)]) if tokens else [] for tokens in split]

    def save(self, folder: Path) -> None:
        """See `Tagger`."""
        torch.save(self.network.state_dict(), folder / _WEIGHTS)
        (folder / _VOCABULARY).write_text(json.dumps(self.vocabulary.to_dict(), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> BilstmTagger:
        """Reads what `save` wrote."""
        vocabulary = Vocabulary.from_dict(json.loads((folder / _VOCABULARY).read_text(encoding="utf-8")))
        network = fresh_network(vocabulary)
        network.load_state_dict(torch.load(folder / _WEIGHTS, weights_only=True))
        return cls(network, vocabulary)


def fresh_network(vocabulary: Vocabulary) -> BilstmNetwork:
    """Returns a network with random weights that fits a vocabulary."""
    return BilstmNetwork(len(vocabulary.words) + 2, len(vocabulary.chars) + 2, vocabulary.tags)


def to_inputs(sentences: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Inputs:
    """Makes a batch of tokens; every sentence holds one at least."""
    distinct = {token: row for row, token in enumerate(dict.fromkeys(t for s in sentences for t in s), start=1)}
    return Inputs(
        words=padded([vocabulary.word_ids(tokens) for tokens in sentences]),
        cases=padded([[case_id(token) for token in tokens] for tokens in sentences]),
        spellings=padded([[PAD], *(vocabulary.char_ids(token) for token in distinct)]),
        tokens=padded([[distinct[token] for token in tokens] for tokens in sentences]),
        lengths=torch.tensor([len(tokens) for tokens in sentences]),
    )


def padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Returns int64 [rows, longest row], filled up with 0."""
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])
