"""A BiLSTM-CNN-CRF in torch, with the hyperparameters that papers of this family report."""

from __future__ import annotations

import copy
import itertools
import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmarks.corpus import LabelledSentence
from benchmarks.cpu_clock import CpuClock
from benchmarks.peers.bilstm_network import Inputs
from benchmarks.peers.bilstm_tagger import BilstmTagger, fresh_network, padded, to_inputs
from benchmarks.peers.bilstm_vocabulary import UNK, Vocabulary
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.scoring import score

_POOL = 50  # batches that are sorted by length together
_HIDDEN_WORDS = 0.5  # share of words of frequency 1 that training reads as unknown, or unknown would never be trained
_CLIP_NORM = 5.0
_LEARNING_RATE = 1e-3
_BAD_EPOCHS = 3  # after so many without a better dev score the learning rate is halved

Batch = tuple[Inputs, torch.Tensor]


class BilstmPeer:
    """Adam, gradient clipping, the learning rate halved when the dev split stops improving, early stopping."""

    def __init__(self, epochs: int, patience: int, batch_size: int) -> None:
        """Keeps the settings.

        Args:
            epochs: at most.
            patience: epochs without a better dev F1 before training stops.
            batch_size: sentences a step.
        """
        self._epochs, self._patience, self._batch_size = epochs, patience, batch_size

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """See `Peer`."""
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
        """One pass; returns the mean loss of a batch."""
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
        """Batches of similar lengths in random order."""
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
        """See `Peer`."""
        torch.set_num_threads(1)
        return BilstmTagger.load(folder)


def _hidden(words: torch.Tensor, vocabulary: Vocabulary, rng: random.Random) -> torch.Tensor:
    """Reads words of frequency 1 as unknown now and then."""
    hidden = [
        [UNK if word in vocabulary.singletons and rng.random() < _HIDDEN_WORDS else word for word in row]
        for row in words.tolist()
    ]
    return torch.tensor(hidden)


def _stale(dev_scores: Sequence[DevScore]) -> int:
    """Epochs since the best one."""
    values = [score.f1 for score in dev_scores]
    return len(values) - 1 - values.index(max(values))
