"""spaCy's recommended configuration for a CPU: `spacy init config --pipeline ner --optimize efficiency`, unchanged.

The recommendation has no vectors. Training and serving use raw sentences and spaCy's own tokenizer.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import spacy
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import biluo_tags_to_spans, iob_to_biluo
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as run_training
from spacy.util import fix_random_seed

from benchmarks.corpus import LabelledSentence
from benchmarks.machine import CpuClock
from benchmarks.peers.peer import DevScore, TrainedPeer
from components.text.tags import OUTSIDE, OUTSIDE_LABELS

_LOGGER = "benchmark_dev_scores.v1"


class SpacyTagger:
    """A spaCy pipeline; a word between spaces gets the tag of its first token."""

    def __init__(self, nlp: Language) -> None:
        """Stores a pipeline with an entity recognizer."""
        self._nlp = nlp

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags raw sentences as `Tagger` describes."""
        return [_tags(doc) for doc in self._nlp.pipe(sentences)]

    def save(self, folder: Path) -> None:
        """Writes the pipeline."""
        self._nlp.to_disk(folder)


class SpacyPeer:
    """Trains with growing batches and spaCy's own early stopping: 1,600 steps without a better dev score.

    `tests/benchmarks/peers/test_spacy_efficiency.py` trains one.
    """

    def __init__(self, max_steps: int) -> None:
        """Stores the settings; spaCy's own limit is 20,000 steps."""
        self._max_steps = max_steps

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """Trains as `Peer` describes."""
        tokenizer = spacy.blank(language).tokenizer
        train_tokens = sum(len(tokenizer(sentence.text)) for sentence in train)  # spaCy's tokens, which are finer
        clock = CpuClock()
        dev_scores: list[DevScore] = []
        spacy.registry.loggers.register(_LOGGER, func=_logger_factory(clock, dev_scores, train_tokens))
        fix_random_seed(seed)
        with tempfile.TemporaryDirectory() as folder:
            paths = {"train": Path(folder, "train.spacy"), "dev": Path(folder, "dev.spacy")}
            for name, sentences in (("train", train), ("dev", dev)):
                _doc_bin(sentences, language).to_disk(paths[name])
            config = init_config(lang=language, pipeline=["ner"], optimize="efficiency", silent=True)
            config["paths"].update({name: str(path) for name, path in paths.items()})
            config["training"]["logger"] = {"@loggers": _LOGGER}
            config["training"]["max_steps"] = self._max_steps
            config["training"]["seed"] = config["system"]["seed"] = seed
            nlp = init_nlp(config, use_gpu=-1)
            with open(os.devnull, "w", encoding="utf-8") as null:
                run_training(nlp, Path(folder), use_gpu=-1, stdout=null, stderr=null)
            seconds = clock.cpu_seconds
            best = spacy.load(Path(folder, "model-best"))
        return TrainedPeer(SpacyTagger(best), tuple(dev_scores), dev_scores[-1].passes, seconds)

    @staticmethod
    def load(folder: Path) -> SpacyTagger:
        """Loads a saved pipeline."""
        return SpacyTagger(spacy.load(folder))


def _tags(doc: Doc) -> list[str]:
    by_start = {token.idx: token for token in doc}  # spaCy splits at spaces, so a token begins with each word
    first = [by_start[match.start()] for match in re.finditer("[^ ]+", doc.text)]
    return [f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else OUTSIDE for token in first]


def _doc_bin(sentences: Sequence[LabelledSentence], language: str) -> DocBin:
    vocab = spacy.blank(language).vocab
    bin_ = DocBin()
    for sentence in sentences:
        count = len(sentence.tokens)
        doc = Doc(vocab, words=list(sentence.tokens), spaces=[True] * (count - 1) + [False])
        iob = [OUTSIDE if tag in OUTSIDE_LABELS else tag for tag in sentence.tags]
        doc.set_ents(list(biluo_tags_to_spans(doc, iob_to_biluo(iob))))
        bin_.add(doc)
    return bin_


def _logger_factory(clock: CpuClock, dev_scores: list[DevScore], train_tokens: int) -> Callable[[], Callable[..., Any]]:
    """Returns a factory of a spaCy logger that records every evaluation."""

    def log_step(info: dict[str, Any] | None) -> None:
        if info is None:
            return
        f1 = float(info["other_scores"]["ents_f"] or 0.0)
        dev_scores.append(DevScore(clock.cpu_seconds, info["words"] / train_tokens, f1))
        logging.info("step %d: dev F1 %.4f, %.0f CPU s", info["step"], f1, clock.cpu_seconds)

    def factory() -> Callable[..., Any]:
        def setup(nlp: Language, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> tuple[Any, Any]:
            return log_step, lambda: None

        return setup

    return factory
