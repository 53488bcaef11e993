"""BiLSTM-CNN-CRF in torch, with the hyperparameters that papers of this family report."""

from __future__ import annotations

import copy
import itertools
import json
import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmarks.corpus import LabelledSentence
from benchmarks.machine import CpuClock
from benchmarks.peers.bilstm_network import BilstmNetwork, Inputs
from benchmarks.peers.bilstm_vocabulary import PAD, UNK, Vocabulary, case_id
from benchmarks.peers.peer import DevScore, TrainedPeer, score, split_words
from components.text.tags import to_iob2

_POOL = 50  # batches sorted by length together
_HIDDEN_WORDS = 0.5  # share of words of frequency 1 read as unknown, without which [UNK] would not be trained
_CLIP_NORM = 5.0
_LEARNING_RATE = 1e-3
_BAD_EPOCHS = 3  # without a better dev score, after which the learning rate is halved
_WEIGHTS, _VOCABULARY = "weights.pt", "vocabulary.json"

Batch = tuple[Inputs, torch.Tensor]


class BilstmPeer:
    """Trains with Adam, gradient clipping, a learning rate halved on plateaus of dev F1, and early stopping.

    `tests/benchmarks/peers/test_bilstm.py` trains one.
    """

    def __init__(self, epochs: int, patience: int, batch_size: int) -> None:
        """Stores the settings.

        Args:
            epochs: maximum number of epochs.
            patience: epochs without a better dev F1 after which training stops.
            batch_size: sentences in a step.
        """
        self._epochs, self._patience, self._batch_size = epochs, patience, batch_size

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """Trains as `Peer` describes; the language does not matter."""
        del language
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        clock, rng = CpuClock(), random.Random(seed)
        vocabulary = Vocabulary.build([s.tokens for s in train], [s.tags for s in train])
        tagger = BilstmTagger(fresh_network(vocabulary), vocabulary)
        optimizer = torch.optim.Adam(tagger.network.parameters(), _LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "max", 0.5, _BAD_EPOCHS - 1, threshold=0.0)
        dev_scores: list[DevScore] = []
        best: dict[str, torch.Tensor] = {}
        for epoch in range(1, self._epochs + 1):
            loss = self._epoch(tagger, optimizer, train, rng)
            f1 = score(tagger, dev).micro().f1
            if f1 > max((old.f1 for old in dev_scores), default=-1.0):
                best = copy.deepcopy(tagger.network.state_dict())
            dev_scores.append(DevScore(clock.cpu_seconds, epoch, f1))
            logging.info("epoch %d: loss %.3f, dev F1 %.4f, %.0f CPU s", epoch, loss, f1, clock.cpu_seconds)
            schedule.step(f1)
            if _stale(dev_scores) >= self._patience:
                break
        tagger.network.load_state_dict(best)
        return TrainedPeer(tagger, tuple(dev_scores), float(len(dev_scores)), clock.cpu_seconds)

    def _epoch(
        self,
        tagger: BilstmTagger,
        optimizer: torch.optim.Optimizer,
        train: Sequence[LabelledSentence],
        rng: random.Random,
    ) -> float:
        """Trains for an epoch; returns the mean loss of a batch."""
        network, losses = tagger.network.train(), []
        for inputs, tags in self._batches(train, tagger.vocabulary, rng):
            optimizer.zero_grad()
            loss = network.chain.loss(network(inputs), tags, inputs.words != 0)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP_NORM)
            optimizer.step()
            losses.append(float(loss.detach()))
        return sum(losses) / len(losses)

    def _batches(
        self, sentences: Sequence[LabelledSentence], vocabulary: Vocabulary, rng: random.Random
    ) -> Iterator[Batch]:
        """Yields batches of similar lengths in random order."""
        order = iter(rng.sample(sentences, len(sentences)))
        batches = []
        while pool := list(itertools.islice(order, self._batch_size * _POOL)):
            pool.sort(key=lambda sentence: len(sentence.tokens))
            batches += [pool[i : i + self._batch_size] for i in range(0, len(pool), self._batch_size)]
        rng.shuffle(batches)
        for batch in batches:
            inputs = to_inputs([sentence.tokens for sentence in batch], vocabulary)
            words = _hidden(inputs.words, vocabulary, rng)
            yield inputs._replace(words=words), padded([vocabulary.tag_ids(sentence.tags) for sentence in batch])

    @staticmethod
    def load(folder: Path) -> BilstmTagger:
        """Loads a saved tagger."""
        torch.set_num_threads(1)
        return BilstmTagger.load(folder)


class BilstmTagger:
    """Network with its vocabulary."""

    def __init__(self, network: BilstmNetwork, vocabulary: Vocabulary) -> None:
        """Stores both; each use switches the network to inference."""
        self.network, self.vocabulary = network, vocabulary

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags raw sentences as `Tagger` describes."""
        split = [split_words(sentence) for sentence in sentences]
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
        """Writes weights and vocabulary."""
        torch.save(self.network.state_dict(), folder / _WEIGHTS)
        (folder / _VOCABULARY).write_text(json.dumps(self.vocabulary.to_dict(), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> BilstmTagger:
        """Loads a saved tagger."""
        vocabulary = Vocabulary.from_dict(json.loads((folder / _VOCABULARY).read_text(encoding="utf-8")))
        network = fresh_network(vocabulary)
        network.load_state_dict(torch.load(folder / _WEIGHTS, weights_only=True))
        return cls(network, vocabulary)


def fresh_network(vocabulary: Vocabulary) -> BilstmNetwork:
    """Returns a network with random weights for a vocabulary."""
    return BilstmNetwork(len(vocabulary.words) + 2, len(vocabulary.chars) + 2, vocabulary.tags)


def to_inputs(sentences: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Inputs:
    """Returns the batch of sentences, each with at least one token."""
    distinct = {token: row for row, token in enumerate(dict.fromkeys(t for s in sentences for t in s), start=1)}
    return Inputs(
        words=padded([vocabulary.word_ids(tokens) for tokens in sentences]),
        cases=padded([[case_id(token) for token in tokens] for tokens in sentences]),
        spellings=padded([[PAD], *(vocabulary.char_ids(token) for token in distinct)]),
        tokens=padded([[distinct[token] for token in tokens] for tokens in sentences]),
        lengths=torch.tensor([len(tokens) for tokens in sentences]),
    )


def padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Returns int64 [rows, longest row], padded with 0."""
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])


def _hidden(words: torch.Tensor, vocabulary: Vocabulary, rng: random.Random) -> torch.Tensor:
    """Replaces words of frequency 1 by [UNK] at random."""
    hidden = [
        [UNK if word in vocabulary.singletons and rng.random() < _HIDDEN_WORDS else word for word in row]
        for row in words.tolist()
    ]
    return torch.tensor(hidden)


def _stale(dev_scores: Sequence[DevScore]) -> int:
    """Returns the number of epochs since the best one."""
    values = [score.f1 for score in dev_scores]
    return len(values) - 1 - values.index(max(values))
