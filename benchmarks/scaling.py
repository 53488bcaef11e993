"""Growth of time and memory with the size of the corpus, for our taggers.

`python -m benchmarks.scaling RUN_JSON RESULTS_FOLDER` is the process of one run.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.accuracy import count_tokens
from benchmarks.corpus import load_corpus
from benchmarks.ours.graph_speed import graph_speed
from benchmarks.ours.our_peer import OurPeer
from benchmarks.results import write_json
from benchmarks.systems import System
from components.common.errors import NerError

# Scoring the dev split does not grow with the corpus, and would hide the growth.
_DEV_SENTENCES = 200


def scaling_commands(
    folder: Path, factors: Sequence[int], epochs: int, system: System, results: Path
) -> dict[str, list[str]]:
    """Returns the command of each size by name.

    Args:
        folder: folder of the corpus.
        factors: numbers of copies of the corpus to train on.
        epochs: epochs of each training; the first one does not count.
        system: one of our taggers.
        results: folder for the results.

    Raises:
        NerError: there are too few epochs.
    """
    if epochs < 2:
        raise NerError(f"--epochs {epochs}: the first epoch traces the graph and does not count. Train at least 2.")
    commands = {}
    for factor in factors:
        name = f"{folder.resolve().name}.{system.name}.x{factor}"
        settings = scaled_settings(system.settings, factor, epochs)
        run = {
            "name": name,
            "folder": str(folder.resolve()),
            "factor": factor,
            "system": system.name,
            "settings": settings,
        }
        commands[name] = [sys.executable, "-m", "benchmarks.scaling", json.dumps(run), str(results.resolve())]
    return commands


def scaled_settings(settings: Mapping[str, Any], factor: int, epochs: int) -> dict[str, Any]:
    """Returns settings that train all epochs and keep the word vocabulary of the single corpus.

    With the same minimum count the repeated corpus would make rare words known, and the tagger would grow with it.
    """
    trainer = {**settings["trainer"], "epochs": epochs, "patience": epochs}
    transform = {**settings["transform"], "min_count": settings["transform"]["min_count"] * factor}
    return {**settings, "trainer": trainer, "transform": transform}


def train_scaled(run: Mapping[str, Any], results: Path) -> None:
    """Trains on several copies of a corpus and writes the record."""
    corpus = load_corpus(Path(run["folder"]))
    train, dev = corpus.train * run["factor"], corpus.dev[:_DEV_SENTENCES]
    peer = OurPeer(**run["settings"])
    trained = peer.train(train, dev, seed=0, language="en")
    seconds = [score.cpu_seconds for score in trained.dev_scores]
    record = {
        "corpus": corpus.name,
        "system": run["system"],
        "factor": run["factor"],
        "machine": machine.description(),
        "sentences": len(train),
        "tokens": count_tokens(train),
        # Without the first epoch, which traces the graph.
        "epoch_cpu_seconds": (seconds[-1] - seconds[0]) / (len(seconds) - 1),
        **trained.extra,
    }
    if run["factor"] == 1:
        with tempfile.TemporaryDirectory() as folder:
            peer.prepare(train, dev, Path(folder))
            record |= graph_speed(Path(folder), [sentence.text for sentence in corpus.train])
    write_json(results / f"{run['name']}.json", record)
    logging.info("%d sentences: %.1f CPU s an epoch", record["sentences"], record["epoch_cpu_seconds"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    train_scaled(json.loads(sys.argv[1]), Path(sys.argv[2]))
