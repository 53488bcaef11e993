"""Growth of time and memory with the size of the corpus: of a training, and of each node of the pipeline.

`python -m benchmarks.scaling RUN_JSON RESULTS_FOLDER` is the process of one run.
"""

from __future__ import annotations

import itertools
import json
import logging
import random
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.accuracy import count_tokens
from benchmarks.corpus import load_corpus
from benchmarks.ours.graph_speed import graph_speed
from benchmarks.ours.our_peer import OurPeer
from benchmarks.results import Record, write_json
from benchmarks.systems import System
from components.common.errors import NerError

# Scoring the dev split does not grow with the corpus, and would hide the growth.
_DEV_SENTENCES = 200

_HELD_OUT, _LEAST_HELD_OUT = 50, 200  # one sentence in fifty for each of dev and test
_MADE_UP_WORDS = 20_000
_EVENT = re.compile(r"Component (\S+) is (running|finished)\.")  # log lines of TFX's launcher


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
        run = {"name": name, "folder": str(folder.resolve()), "factor": factor, "system": system.name}
        run["settings"] = scaled_settings(system.settings, factor, epochs)
        commands[name] = machine.process_command("benchmarks.scaling", run, results)
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


def node_commands(
    sizes: Sequence[int], most_words: int, work: Path, settings: Sequence[str], results: Path
) -> dict[str, list[str]]:
    """Returns the command that runs the pipeline on a made-up corpus of each size, by name.

    Args:
        sizes: sentences of the training splits.
        most_words: see `write_made_up_corpus`.
        work: folder for corpora and outputs, which the command removes when it has a result.
        settings: further settings, as `ner run --set` takes them.
        results: folder for the results.
    """
    commands = {}
    for size in sizes:
        run = {"sentences": size, "most_words": most_words, "settings": [*settings]}
        run["work"] = str(work.resolve() / f"scale-{size}")
        commands[f"pipeline.{size}"] = machine.process_command("benchmarks.scaling", run, results)
    return commands


def run_nodes(run: Mapping[str, Any], results: Path) -> None:
    """Runs the pipeline with one epoch on a made-up corpus and writes the record: time and memory of each node.

    An interrupted run continues where it stopped if the settings are the same: finished nodes keep their figures.
    """
    # They take seconds to import, and the other measurements do without them.
    from absl import logging as absl_logging

    from configs.loading import load_config
    from pipeline.local_run import run_locally

    work = Path(run["work"])
    corpus, begun = work / "corpus", work / "run.json"
    known = json.loads(begun.read_text(encoding="utf-8")) if begun.exists() else {}
    if known.get("run") != run:
        shutil.rmtree(work, ignore_errors=True)
        known = {"run": dict(run), "tokens": write_made_up_corpus(corpus, run["sentences"], run["most_words"])}
        write_json(begun, known)
    fixed = [f"work_dir={work / 'work'}", f"corpus.path={corpus}"]
    # A pass over the train split; a small one is not read several times.
    once = ["trainer.epochs=1", "trainer.epoch_steps=1", "evaluator.min_f1=0"]
    meter = NodeMeter(work / "nodes.jsonl")
    absl_logging.set_verbosity(absl_logging.INFO)
    absl_logging.get_absl_logger().addHandler(meter)
    try:
        run_locally(load_config(None, [*fixed, *once, *run["settings"]]))
    finally:
        absl_logging.get_absl_logger().removeHandler(meter)
    record = {"sentences": run["sentences"], "tokens": known["tokens"], "machine": machine.description()}
    record["nodes"] = meter.nodes
    write_json(results / f"pipeline.{run['sentences']}.json", record)
    shutil.rmtree(work, ignore_errors=True)


class NodeMeter(logging.Handler):
    """Measures the nodes between TFX's log lines of their start and end.

    Attributes:
        nodes: a row for each finished node: CPU and wall seconds of this process, and its memory at the start and at
            the highest, both in MB (10^6 bytes). Validation of a model in another process is not included. A node
            that an interrupted run has begun is `resumed`: its seconds are those after the interruption.
    """

    def __init__(self, file: Path) -> None:
        """Reads the rows of an interrupted run.

        Args:
            file: keeps the rows of the nodes that have begun or ended, one JSON object a line.
        """
        super().__init__(logging.INFO)
        self._file = file
        earlier = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
        self.nodes: list[Record] = [row for row in earlier if "cpu_seconds" in row]
        self._begun = {row["node"] for row in earlier}
        self._clock, self._before = machine.CpuClock(), 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Reads a log line."""
        if not (match := _EVENT.match(record.getMessage())):
            return
        node, event = match.groups()
        if any(row["node"] == node for row in self.nodes):  # finished before the interruption: its result is cached
            return
        if event == "running":
            self._write({"node": node})
            machine.reset_peak_rss()
            self._clock, self._before = machine.CpuClock(), machine.peak_rss_mb()
            return
        row = {
            "node": node,
            "cpu_seconds": self._clock.cpu_seconds,
            "wall_seconds": self._clock.wall_seconds,
            "start_rss_mb": self._before,
            "peak_rss_mb": machine.peak_rss_mb(),
            **({"resumed": True} if node in self._begun else {}),
        }
        self.nodes.append(row)
        self._write(row)
        logging.info("%s", row)

    def _write(self, row: Record) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def write_made_up_corpus(folder: Path, sentences: int, most_words: int) -> int:
    """Writes a CoNLL-like corpus, a file for each split; returns the number of tokens of the training split.

    Words have the frequencies of a language. Most names are new, so the number of different words grows with the corpus
    faster than in real text.

    Args:
        folder: the folder to create.
        sentences: sentences of the training split.
        most_words: words of the longest sentences; the shortest have a third of them. Names and the full stop add more.
    """
    folder.mkdir(parents=True)
    rng = random.Random(0)
    words = [_made_up_word(rng) for _ in range(_MADE_UP_WORDS)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(words))))  # Zipf's law
    held_out = max(sentences // _HELD_OUT, _LEAST_HELD_OUT)
    tokens = 0
    for split, size in (("train", sentences), ("dev", held_out), ("test", held_out)):
        with (folder / f"{split}.conll").open("w", encoding="utf-8") as file:
            for _ in range(size):
                count = rng.randint(most_words // 3, most_words)
                rows = [*_made_up_rows(rng, rng.choices(words, cum_weights=weights, k=count))]
                tokens += len(rows) if split == "train" else 0
                file.write("".join(f"{token} {tag}\n" for token, tag in rows) + "\n")
    return tokens


def _made_up_rows(rng: random.Random, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        kind = rng.random()
        if kind < 0.08:
            yield _made_up_word(rng).title(), "B-PER"
            yield word.title(), "I-PER"
        elif kind < 0.14:
            yield "in", "O"
            yield _made_up_word(rng).title(), "B-LOC"
        elif kind < 0.17:
            yield _made_up_word(rng).title(), "B-ORG"
            yield "Corp", "I-ORG"
        else:
            yield word, "O"
    yield ".", "O"


def _made_up_word(rng: random.Random) -> str:
    syllables = range(rng.randint(2, 4))
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") + rng.choice("  nrs").strip() for _ in syllables)


if __name__ == "__main__":
    requested, folder = machine.requested_run()
    (train_scaled if "factor" in requested else run_nodes)(requested, folder)
