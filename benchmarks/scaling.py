"""Plans the scaling table: what an epoch and the memory cost when the corpus doubles, and doubles again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpus import load_corpus
from benchmarks.fingerprint import code_hash, fingerprint
from benchmarks.jobs import Job
from benchmarks.result_store import ResultStore
from benchmarks.systems import System
from components.common.errors import NerError


def scaling_jobs(
    folder: Path, factors: Sequence[int], epochs: int, system: System, store: ResultStore, results: Path
) -> list[Job]:
    """Returns the processes for those sizes that have no result of the same settings, code and data.

    Args:
        folder: of the corpus.
        factors: how many times the corpus each training gets.
        epochs: of each training; the first does not count.
        system: one of ours.
        store: of the results that are there.
        results: its folder.

    Raises:
        NerError: the epochs are too few, or the corpus cannot be read.
    """
    if epochs < 2:
        raise NerError(f"--epochs {epochs}: must be 2 at least; the first epoch traces the graph and does not count")
    corpus = load_corpus(folder)
    code = code_hash(("benchmarks.scaling_run", *system.modules))
    jobs = []
    for factor in factors:
        settings = scaled_settings(system.settings, factor, epochs)
        parts = {"corpus": corpus.digest, "settings": settings, "factor": factor, "code": code}
        name, mark = f"{corpus.name}.{system.name}.x{factor}", fingerprint(parts)
        task = {
            "name": name,
            "fingerprint": mark,
            "folder": str(folder.resolve()),
            "factor": factor,
            "system": system.name,
            "settings": settings,
        }
        if store.get(name, mark) is None:
            command = [sys.executable, "-m", "benchmarks.scaling_run", json.dumps(task), str(results.resolve())]
            jobs.append(Job(name, command))
    return jobs


def scaled_settings(settings: Mapping[str, Any], factor: int, epochs: int) -> dict[str, Any]:
    """Returns the settings of a training on so many times the corpus: all epochs, and the same word vocabulary.

    Without the second, words of frequency 1 would be known in the repeated corpus, and the tagger would grow with it.
    """
    trainer = {**settings["trainer"], "epochs": epochs, "patience": epochs}
    transform = {**settings["transform"], "min_count": settings["transform"]["min_count"] * factor}
    return {**settings, "trainer": trainer, "transform": transform}
