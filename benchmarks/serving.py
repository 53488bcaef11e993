"""The serving table: all systems on one core in the same run, by turns."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_run import folder_mb, machine
from benchmarks.jobs import ROOT, environment
from benchmarks.latency import over_rounds
from components.common.errors import NerError

COMMANDS = ("single", "batch")


class ServedSystem:
    """A worker process with one tagger."""

    def __init__(self, name: str, python: str, target: str, model: Path, sentences: Path, core: int, log: Path) -> None:
        """Starts the process.

        Args:
            name: of the system.
            python: interpreter.
            target: `module:Class` that loads the model.
            model: its folder.
            sentences: file with a JSON list of raw sentences.
            core: what it is pinned to.
            log: gets what it prints.
        """
        self.name, self.model, self._log = name, model, log
        command = [python, "-m", "benchmarks.serving_worker", target, str(model), str(sentences), str(core)]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self.rounds: list[dict[str, float]] = []

    def ready(self) -> dict[str, float]:
        """Waits until the model is loaded and warm; returns what that cost."""
        return self._answer()

    def run(self, command: str) -> dict[str, float]:
        """Has all sentences tagged once; returns the figures."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NerError(f"the worker of {self.name} ended ({self._process.wait()}); see {self._log}")
        return json.loads(line)


def measure(
    systems: Mapping[str, tuple[str, str, Path]],
    sentences: Sequence[str],
    rounds: int,
    core: int,
    logs: Path,
    show: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Measures systems against each other.

    In each round every system tags all sentences one by one, then every system tags them in batches: what the machine
    does besides hits all alike.

    Args:
        systems: name -> (interpreter, `module:Class` that loads the model, model folder).
        sentences: raw text.
        rounds: how often.
        core: what all are pinned to; only one works at a time.
        logs: folder for what the processes print.
        show: prints a line.

    Returns:
        A row of figures a system.

    Raises:
        NerError: a worker failed.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_sentence_file(sentences))
        workers, loading = [], {}
        for name, (python, target, model) in systems.items():
            worker = ServedSystem(name, python, target, model, file, core, logs / f"serving-{name}.log")
            stack.callback(worker.stop)
            workers.append(worker)
            loading[name] = worker.ready()  # one after another: they share the core
            show(f"    {name}: loaded")
        for number in range(1, rounds + 1):
            for worker in workers:
                worker.rounds.append({})
            for command in COMMANDS:
                for worker in workers:
                    worker.rounds[-1].update(worker.run(command))
            show(f"[{number}/{rounds}] " + ", ".join(_brief(worker) for worker in workers))
        return [
            {
                "system": worker.name,
                "model_mb": folder_mb(worker.model),
                "load_cpu_seconds": loading[worker.name]["load_cpu_seconds"],
                **over_rounds(worker.rounds),
            }
            for worker in workers
        ]


def sample(sentences: Sequence[str], count: int) -> list[str]:
    """Returns so many sentences at random, always the same ones; all in their order where there are fewer."""
    if len(sentences) <= count:
        return list(sentences)
    return random.Random(0).sample(list(sentences), count)


def last_core() -> int:
    """Returns the highest core that this process may use: the first ones are busy with everything else."""
    return max(os.sched_getaffinity(0))


def serving_record(
    corpus: str, rows: Sequence[Mapping[str, Any]], sentences: Sequence[str], rounds: int
) -> dict[str, Any]:
    """Returns what is kept of a serving run."""
    tokens = sum(len(sentence.split()) for sentence in sentences)
    return {
        "corpus": corpus,
        "machine": machine(),
        "sentences": len(sentences),
        "tokens": tokens,
        "rounds": rounds,
        "rows": list(rows),
    }


@contextlib.contextmanager
def _sentence_file(sentences: Sequence[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sentences.json")
        file.write_text(json.dumps(list(sentences)), encoding="utf-8")
        yield file


def _brief(worker: ServedSystem) -> str:
    figures = worker.rounds[-1]
    rate = figures["batch_tokens_per_cpu_second"]
    return f"{worker.name} {figures['single_cpu_p50_ms']:.2f} ms, {rate:,.0f} tokens/CPU s"
