"""One training and evaluation to be done: which system on which corpus with which seed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.fingerprint import code_hash, fingerprint, pins
from benchmarks.systems import System

# Shared by all systems. Timers and stores are not among them: they change no result.
_SHARED_MODULES = (
    "benchmarks.scoring",
    "benchmarks.peers.pieces",
    "components.text.entity_scores",
    "components.text.spans",
    "components.text.tags",
)


@dataclasses.dataclass(frozen=True)
class AccuracyTask:
    """What a run is told, ready for JSON.

    Attributes:
        system: name.
        corpus: name.
        folder: of the corpus, absolute.
        language: ISO 639-1 code.
        seed: of everything random.
        settings: arguments of the system's class.
        fingerprint: of settings, code and data.
        models: folder that models are written below.
    """

    system: str
    corpus: str
    folder: str
    language: str
    seed: int
    settings: dict[str, Any]
    fingerprint: str
    models: str

    @property
    def name(self) -> str:
        """Of the result's file."""
        return f"{self.corpus}.{self.system}.seed{self.seed}"

    @property
    def model_folder(self) -> Path:
        """Where the trained model lies; the fingerprint keeps models of different code apart."""
        return Path(self.models) / f"{self.name}.{self.fingerprint}"

    def to_json(self) -> str:
        """Returns the task as text for another process."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> AccuracyTask:
        """Reads what `to_json` gave."""
        return cls(**json.loads(text))


def make_task(system: System, corpus: Corpus, folder: Path, seed: int, models: Path) -> AccuracyTask:
    """Describes a run.

    Args:
        system: what to train.
        corpus: what to train it on.
        folder: of the corpus.
        seed: 0 for a system that knows none.
        models: folder that models are written below.
    """
    language, settings = language_of(corpus.name), dict(system.settings)
    parts = {
        "system": system.name,
        "corpus": corpus.digest,
        "language": language,
        "seed": seed,
        "settings": settings,
        "code": code_hash((*_SHARED_MODULES, *system.modules)),
        # Ours runs in an environment of two possible stacks, and is to be measured again in neither's honour.
        "packages": pins(system.packages) if system.is_peer else [],
    }
    return AccuracyTask(
        system=system.name,
        corpus=corpus.name,
        folder=str(folder.resolve()),
        language=language,
        seed=seed,
        settings=settings,
        fingerprint=fingerprint(parts),
        models=str(models.resolve()),
    )


# Those of ISO 639-1 that spaCy has a tokenizer for and that published corpora are named after.
_LANGUAGES = (
    *("bg", "ca", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "mk", "nb", "nl", "pl"),
    *("pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk"),
)


def language_of(corpus: str) -> str:
    """Returns the language that a corpus folder is named after (`uner_sv_talbanken`: sv), en for a name without one."""
    return next((part for part in corpus.lower().replace("-", "_").split("_") if part in _LANGUAGES), "en")
