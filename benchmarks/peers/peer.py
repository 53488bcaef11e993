"""The small interface of every peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from benchmarks.corpus import LabelledSentence


class DevScore(NamedTuple):
    """One look at the dev split during training.

    Attributes:
        cpu_seconds: since training began, dev evaluations included.
        passes: passes over the training split so far; an iteration of L-BFGS is one.
        f1: micro entity F1 on the dev split.
    """

    cpu_seconds: float
    passes: float
    f1: float


class Tagger(Protocol):
    """A trained model."""

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags a batch of raw sentences.

        Returns:
            For each sentence one tag for each of its pieces between blanks.
        """
        ...

    def save(self, folder: Path) -> None:
        """Writes the model, and nothing that serving does not need, into an existing folder."""
        ...


class TrainedPeer(NamedTuple):
    """What training gives.

    Attributes:
        tagger: in the state that was best on the dev split.
        dev_scores: every look at the dev split, in order; not empty.
        passes: over the training split, until training stopped.
        cpu_seconds: until training stopped.
        extra: further figures by name, such as CPU seconds spent before training proper.
    """

    tagger: Tagger
    dev_scores: tuple[DevScore, ...]
    passes: float
    cpu_seconds: float
    extra: Mapping[str, float] = MappingProxyType({})

    @property
    def best(self) -> DevScore:
        """The first of the best looks at the dev split."""
        return max(self.dev_scores, key=lambda score: score.f1)


class Peer(Protocol):
    """A system to compare with; its constructor takes its settings by keyword."""

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """Trains from scratch.

        Args:
            train: what to learn from.
            dev: what to choose the best state by.
            seed: of everything random.
            language: ISO 639-1 code, for peers whose tokenizer asks for one.
        """
        ...

    @staticmethod
    def load(folder: Path) -> Tagger:
        """Reads what a tagger saved."""
        ...
