"""One training and evaluation in a process of its own, so that its CPU time and memory are its own.

python -m benchmarks.accuracy_run TASK_JSON RESULTS_FOLDER
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import platform
import resource
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy_task import AccuracyTask
from benchmarks.corpus import LabelledSentence, load_corpus
from benchmarks.cpu_clock import CpuClock, peak_rss_mb
from benchmarks.peers.peer import Peer, Tagger, TrainedPeer
from benchmarks.result_store import ResultStore
from benchmarks.scoring import score
from benchmarks.systems import find_system
from components.text.entity_scores import EntityCounts


def run(task: AccuracyTask, store: ResultStore) -> None:
    """Trains, saves, loads, scores on dev and test, and stores the record.

    What is scored is the model as it was read back from disk.
    """
    system = find_system(task.system)
    corpus = load_corpus(Path(task.folder))
    peer_class = system.peer_class()
    wall = CpuClock()
    peer: Peer = peer_class(**task.settings)
    trained = peer.train(corpus.train, corpus.dev, task.seed, task.language)
    wall_seconds = wall.wall_seconds
    rss = max(peak_rss_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6)
    _save(trained.tagger, task.model_folder)
    tagger = peer_class.load(task.model_folder)
    dev, test = scores(score(tagger, corpus.dev)), scores(score(tagger, corpus.test))
    record = {
        "fingerprint": task.fingerprint,
        "corpus": task.corpus,
        "corpus_digest": corpus.digest,
        "system": task.system,
        "seed": task.seed,
        "settings": task.settings,
        "packages": {name: importlib.metadata.version(name) for name in system.packages},
        "machine": machine(),
        "training": training_figures(trained, corpus.train) | {"wall_seconds": wall_seconds, "peak_rss_mb": rss},
        "model_mb": folder_mb(task.model_folder),
        "dev": dev,
        "test": test,
    }
    store.put(task.name, record)
    logging.info("dev F1 %.4f, test F1 %.4f", dev["f1"], test["f1"])


def training_figures(trained: TrainedPeer, train: tuple[LabelledSentence, ...]) -> dict[str, Any]:
    """Returns what training cost."""
    tokens = sum(len(sentence.tokens) for sentence in train)
    return {
        "cpu_seconds": trained.cpu_seconds,
        "cpu_seconds_to_best_dev": trained.best.cpu_seconds,
        "passes": trained.passes,
        "tokens": tokens,
        "tokens_per_cpu_second": trained.passes * tokens / trained.cpu_seconds,
        "dev_scores": [row._asdict() for row in trained.dev_scores],
        **trained.extra,
    }


def scores(counts: EntityCounts) -> dict[str, Any]:
    """Returns micro scores and the scores of each type."""
    by_type = {name: of_type._asdict() for name, of_type in counts.per_type().items()}
    return {**counts.micro()._asdict(), "per_type": by_type}


def folder_mb(folder: Path) -> float:
    """Returns the size of all files below a folder in MB (10^6 bytes)."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def machine() -> Mapping[str, Any]:
    """Says what kind of machine this is, and nothing by which it could be found."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


def _save(tagger: Tagger, folder: Path) -> None:
    partial = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tagger.save(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    run(AccuracyTask.from_json(sys.argv[1]), ResultStore(Path(sys.argv[2])))
