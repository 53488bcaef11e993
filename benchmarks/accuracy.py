"""Accuracy and cost of training: one run for each system, corpus and seed, each in a separate process.

`python -m benchmarks.accuracy RUN_JSON RESULTS_FOLDER` is such a process. It imports nothing that the environment of
the other systems lacks.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.corpus import Corpus, LabelledSentence, corpus_folders, load_corpus
from benchmarks.peers.peer import Peer, Tagger, TrainedPeer, score
from benchmarks.results import write_json
from benchmarks.systems import System
from components.common.files import tree_size
from components.text.entity_scores import EntityCounts

# Languages that spaCy has a tokenizer for and that published corpora are named after (ISO 639-1).
_LANGUAGES = (
    *("bg", "ca", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "mk", "nb", "nl", "pl"),
    *("pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk"),
)


@dataclasses.dataclass(frozen=True)
class Run:
    """Training and evaluation of a system on a corpus.

    Attributes:
        system: the system.
        folder: folder of the corpus.
        seed: seed of everything random; 0 for a deterministic system.
        models: folder for the models of all runs.
    """

    system: System
    folder: str
    seed: int
    models: str

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return Path(self.folder).name

    @property
    def name(self) -> str:
        """Name of the result's file."""
        return f"{self.corpus}.{self.system.name}.seed{self.seed}"

    @property
    def model_folder(self) -> Path:
        """Folder of the trained model."""
        return Path(self.models) / self.name

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Run:
        """Reads the fields of a run from JSON."""
        return cls(**{**values, "system": System(**values["system"])})


def plan_runs(data: Iterable[Path], systems: Iterable[System], seeds: Iterable[int], models: Path) -> list[Run]:
    """Returns all runs, system by system; deterministic systems run once.

    Args:
        data: corpus folders, or folders of them.
        systems: systems to train.
        seeds: seeds of the others.
        models: folder for the models.

    Raises:
        NerError: there is no corpus.
    """
    folders = corpus_folders(data)
    return [
        Run(system, str(folder.resolve()), seed, str(models.resolve()))
        for system in systems
        for folder in folders
        for seed in (seeds if system.seeded else (0,))
    ]


def run_commands(runs: Iterable[Run], results: Path, peers_python: Path) -> dict[str, list[str]]:
    """Returns the command of each run by name.

    Args:
        runs: runs to start.
        results: folder for their results.
        peers_python: interpreter of the other systems' environment.

    Raises:
        NerError: the environment of the other systems is missing.
    """
    return {
        run.name: machine.process_command(
            "benchmarks.accuracy", dataclasses.asdict(run), results, run.system.python(peers_python)
        )
        for run in runs
    }


def train_and_score(run: Run, results: Path) -> None:
    """Trains, saves, loads and scores a system, and writes the record; the loaded model is scored."""
    corpus = load_corpus(Path(run.folder))
    peer_class = run.system.peer_class()
    wall = machine.CpuClock()
    peer: Peer = peer_class(**run.system.settings)
    trained = peer.train(corpus.train, corpus.dev, run.seed, language_of(corpus.name))
    wall_seconds = wall.wall_seconds
    rss = max(machine.peak_rss_mb(), machine.peak_rss_mb(children=True))
    _save(trained.tagger, run.model_folder)
    tagger = peer_class.load(run.model_folder)
    dev, test = _scores(score(tagger, corpus.dev)), _scores(score(tagger, corpus.test))
    record = {
        "corpus": corpus.name,
        "corpus_digest": corpus.digest,
        "system": run.system.name,
        "seed": run.seed,
        "settings": run.system.settings,
        "packages": {name: importlib.metadata.version(name) for name in run.system.packages},
        "machine": machine.description(),
        "training": _training_figures(trained, corpus) | {"wall_seconds": wall_seconds, "peak_rss_mb": rss},
        "model_mb": tree_size(run.model_folder) / 1e6,
        "dev": dev,
        "test": test,
    }
    write_json(results / f"{run.name}.json", record)
    logging.info("dev F1 %.4f, test F1 %.4f", dev["f1"], test["f1"])


def language_of(corpus: str) -> str:
    """Returns the language in the name of a corpus folder, or `en`.

    Example:
        >>> language_of("uner_sv_talbanken"), language_of("btc")
        ('sv', 'en')
    """
    return next((part for part in corpus.lower().replace("-", "_").split("_") if part in _LANGUAGES), "en")


def _training_figures(trained: TrainedPeer, corpus: Corpus) -> dict[str, Any]:
    tokens = count_tokens(corpus.train)
    return {
        "cpu_seconds": trained.cpu_seconds,
        "cpu_seconds_to_best_dev": trained.best.cpu_seconds,
        "passes": trained.passes,
        "tokens": tokens,
        "tokens_per_cpu_second": trained.passes * tokens / trained.cpu_seconds,
        "dev_scores": [row._asdict() for row in trained.dev_scores],
        **trained.extra,
    }


def count_tokens(sentences: Iterable[LabelledSentence]) -> int:
    """Returns the number of tokens in sentences."""
    return sum(len(sentence.tokens) for sentence in sentences)


def _scores(counts: EntityCounts) -> Mapping[str, Any]:
    by_type = {name: of_type._asdict() for name, of_type in counts.per_type().items()}
    return {**counts.micro()._asdict(), "per_type": by_type}


def _save(tagger: Tagger, folder: Path) -> None:
    partial = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tagger.save(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


if __name__ == "__main__":
    requested, folder = machine.requested_run()
    train_and_score(Run.of(requested), folder)
