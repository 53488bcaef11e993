"""Accuracy by size of the train split: our tagger and others, trained on random parts of it.

`python -m benchmarks.sizes RUN_JSON RESULTS_FOLDER` is the process of one system, corpus and size, for all seeds.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.accuracy import language_of
from benchmarks.corpus import Corpus, LabelledSentence, load_corpus, part_of
from benchmarks.peers.peer import score
from benchmarks.results import write_json
from benchmarks.systems import System
from components.common.files import tree_size


def size_commands(
    folders: Iterable[Path],
    systems: Iterable[System],
    sizes: Sequence[int],
    seeds: Sequence[int],
    results: Path,
    peers_python: Path,
    *,
    force: bool = False,
) -> dict[str, list[str]]:
    """Returns the commands that measure what has no result yet, by name: one a system, corpus and size.

    Args:
        folders: corpus folders.
        systems: systems to train.
        sizes: numbers of sentences to train on, in the order of the commands; 0 is the whole split.
        seeds: each chooses another part of the split, and seeds the system.
        results: folder of the results; a seed with a result is skipped.
        force: whether to measure those again.
        peers_python: interpreter of the other systems' environment.

    Raises:
        NerError: the environment of the other systems is missing.
    """
    commands = {}
    for size, folder, system in itertools.product(sizes, folders, systems):
        name = f"{folder.resolve().name}.{system.name}.n{size or 'all'}"
        useful = seeds if size or system.seeded else seeds[:1]
        missing = [seed for seed in useful if force or not (results / f"{name}.seed{seed}.json").exists()]
        if missing:
            run = {"name": name, "folder": str(folder.resolve()), "sentences": size, "seeds": missing}
            run["system"] = vars(system)
            commands[name] = machine.process_command("benchmarks.sizes", run, results, system.python(peers_python))
    return commands


def train_on_parts(run: Mapping[str, Any], results: Path) -> None:
    """Trains a system once for each seed, and writes a record for each."""
    system, corpus = System(**run["system"]), load_corpus(Path(run["folder"]))
    for seed in run["seeds"]:
        clock = machine.CpuClock()
        train = part_of(corpus.train, run["sentences"], seed)
        result = (_peer_result if system.is_peer else _our_result)(system, corpus, train, seed)
        record = {
            "corpus": corpus.name,
            "corpus_digest": corpus.digest,
            "system": system.name,
            "settings": system.settings,
            "size": run["sentences"],
            "sentences": len(train),
            "seed": seed,
            **result,
            "cpu_seconds": clock.cpu_seconds,
            "machine": machine.description(),
        }
        write_json(results / f"{run['name']}.seed{seed}.json", record)
        logging.info("seed %d: test F1 %.4f, %.0f CPU s", seed, result["test_f1"], clock.cpu_seconds)


def _peer_result(system: System, corpus: Corpus, train: Sequence[LabelledSentence], seed: int) -> dict[str, float]:
    """Returns `test_f1` and the size of the model's files, `model_mb`."""
    peer = system.peer_class()(**system.settings)
    trained = peer.train(train, corpus.dev, seed, language_of(corpus.name))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        trained.tagger.save(Path(folder))
        return {
            "test_f1": score(trained.tagger, corpus.test).micro().f1,
            "model_mb": tree_size(Path(folder)) / 1e6,
        }


def _our_result(system: System, corpus: Corpus, train: Sequence[LabelledSentence], seed: int) -> dict[str, float]:
    """Returns the figures of `train_and_score`, before an export, which costs as much as a small training."""
    from benchmarks.ours.part import train_and_score

    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        return train_and_score(
            Path(folder), system.settings, {"train": train, "eval": corpus.dev, "test": corpus.test}, seed
        )


if __name__ == "__main__":
    train_on_parts(*machine.requested_run())
