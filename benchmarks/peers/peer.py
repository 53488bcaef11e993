"""Interface of a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from benchmarks.corpus import LabelledSentence
from components.common.iterables import batched
from components.text.entity_scores import EntityCounts

_BATCH = 64


class DevScore(NamedTuple):
    """Evaluation on the dev split during training.

    Attributes:
        cpu_seconds: CPU seconds since the start of training, dev evaluations included.
        passes: passes over the training split so far; an iteration of L-BFGS is one pass.
        f1: micro entity F1 on the dev split.
    """

    cpu_seconds: float
    passes: float
    f1: float


class Tagger(Protocol):
    """Trained model."""

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags a batch of raw sentences.

        Returns:
            For each sentence one tag for each word between spaces.
        """
        ...

    def save(self, folder: Path) -> None:
        """Writes the files that serving needs into an existing folder."""
        ...


def score(tagger: Tagger, sentences: Sequence[LabelledSentence]) -> EntityCounts:
    """Tags raw sentences and counts entities on the corpus's own tokens.

    Raises:
        ValueError: the tagger returned another number of tags than a sentence has tokens.
    """
    counts = EntityCounts()
    ordered = sorted(sentences, key=lambda sentence: len(sentence.tokens))  # batches of similar length: less padding
    for batch in batched(ordered, _BATCH):
        for sentence, tags in zip(batch, tagger.tag([sentence.text for sentence in batch]), strict=True):
            counts.add(sentence.tags, tags)
    return counts


class TrainedPeer(NamedTuple):
    """Result of a training.

    Attributes:
        tagger: tagger in its best state on the dev split.
        dev_scores: all evaluations on the dev split, in order; not empty.
        passes: passes over the training split.
        cpu_seconds: CPU seconds of the training.
        extra: further figures by name, such as the CPU seconds of preprocessing.

    Example:
        >>> scores = (DevScore(1.0, 1.0, 0.3), DevScore(2.0, 2.0, 0.7), DevScore(3.0, 3.0, 0.7))
        >>> TrainedPeer(None, scores, passes=3.0, cpu_seconds=4.0).best.passes
        2.0
    """

    tagger: Tagger
    dev_scores: tuple[DevScore, ...]
    passes: float
    cpu_seconds: float
    extra: Mapping[str, float] = MappingProxyType({})

    @property
    def best(self) -> DevScore:
        """The first of the best evaluations on the dev split."""
        return max(self.dev_scores, key=lambda score: score.f1)


class Peer(Protocol):
    """System to compare; its constructor takes the settings by keyword."""

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """Trains from scratch.

        Args:
            train: sentences to train on.
            dev: sentences to choose the best state by.
            seed: seed of everything random.
            language: ISO 639-1 code, for systems whose tokenizer needs one.
        """
        ...

    @staticmethod
    def load(folder: Path) -> Tagger:
        """Loads a saved tagger."""
        ...


def split_words(sentence: str) -> list[str]:
    """Splits a raw sentence at spaces, for systems without a tokenizer.

    Example:
        >>> split_words("  Ada  went")
        ['Ada', 'went']
    """
    return [word for word in sentence.split(" ") if word]
