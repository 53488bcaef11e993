"""Serving cost: all systems on one core in the same run, in turns."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import machine
from benchmarks.accuracy import Run
from components.common.errors import NerError
from components.common.files import tree_size

_TAGS_ONLY = "benchmarks.ours.taggers:TagsOnlyTagger"


class Candidate(NamedTuple):
    """A trained model to time.

    Attributes:
        name: name in the table.
        python: interpreter.
        target: `module:Class` that loads the model.
        model: folder of the model.
    """

    name: str
    python: str
    target: str
    model: Path


def candidates(runs: Sequence[Run], peers_python: Path) -> list[Candidate]:
    """Returns the models of runs on one corpus.

    Ours occurs twice: fetching tags alone, and as `<name>_all` tokens, scores and offsets as well.

    Args:
        runs: runs of one corpus.
        peers_python: interpreter of the other systems' environment.
    """
    rows = []
    for run in runs:
        name, target, model = run.system.name, run.system.target, run.model_folder
        if run.system.is_peer:
            rows.append(Candidate(name, str(peers_python), target, model))
        else:
            rows.append(Candidate(name, sys.executable, _TAGS_ONLY, model))
            rows.append(Candidate(f"{name}_all", sys.executable, target, model))
    return rows


def measure(
    systems: Sequence[Candidate],
    sentences: Sequence[str],
    rounds: int,
    core: int,
    *,
    logs: Path,
    show: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Times systems against each other.

    In each round every system tags all sentences one by one, then every system tags them in batches, so that other work
    on the machine affects all systems alike.

    Args:
        systems: models to time.
        sentences: raw sentences.
        rounds: number of rounds.
        core: core that all processes are pinned to; one works at a time.
        logs: folder for the output of the processes.
        show: prints a line.

    Returns:
        A row of figures for each system.

    Raises:
        NerError: a worker failed.
    """
    with contextlib.ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory()), "sentences.json")
        file.write_text(json.dumps(list(sentences)), encoding="utf-8")
        workers, loading = [], []
        for system in systems:
            worker = _Worker(system, file, core, logs / f"serving-{system.name}.log")
            stack.callback(worker.stop)
            workers.append(worker)
            loading.append(worker.answer())  # one after another, because they share the core
            show(f"    {system.name}: loaded")
        figures: list[list[dict[str, float]]] = [[] for _ in workers]
        for number in range(1, rounds + 1):
            for rows in figures:
                rows.append({})
            for command in ("single", "batch"):
                for worker, rows in zip(workers, figures, strict=True):
                    rows[-1].update(worker.run(command))
            show(f"[{number}/{rounds}] " + ", ".join(map(_brief, systems, figures)))
        return [
            {
                "system": system.name,
                "model_mb": tree_size(system.model) / 1e6,
                "load_cpu_seconds": cost["load_cpu_seconds"],
                **over_rounds(rows),
            }
            for system, cost, rows in zip(systems, loading, figures, strict=True)
        ]


class _Worker:
    """Process of one tagger (`benchmarks.serving_worker`)."""

    def __init__(self, system: Candidate, sentences: Path, core: int, log: Path) -> None:
        self._name, self._log = system.name, log
        command = [system.python, "-m", "benchmarks.serving_worker", system.target]
        command += [str(system.model), str(sentences), str(core)]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                command,
                cwd=machine.ROOT,
                env=machine.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )

    def run(self, command: str) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NerError(f"{self._name}: the worker ended with status {self._process.wait()}. See {self._log}.")
        return json.loads(line)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def over_rounds(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Returns the median of each figure, and its range as `<name>_min` and `<name>_max`."""
    result: dict[str, float] = {}
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        result |= {name: statistics.median(values), f"{name}_min": min(values), f"{name}_max": max(values)}
    return result


def last_core() -> int:
    """Returns the highest core that this process may use; the first ones are usually busier."""
    return max(os.sched_getaffinity(0))


def _brief(system: Candidate, rounds: Sequence[dict[str, float]]) -> str:
    latest = rounds[-1]
    rate = latest["batch_tokens_per_cpu_second"]
    return f"{system.name} {latest['single_cpu_p50_ms']:.2f} ms, {rate:,.0f} tokens/CPU s"
