"""Process that holds one tagger, pinned to one core, and times it on command.

    python -m benchmarks.serving_worker MODULE:CLASS MODEL_FOLDER SENTENCES_FILE CORE

It reads `single`, `batch` or `quit` as lines from standard input and answers each with a line of JSON, so that a parent
can let several of these work in turns. Its first line reports that it is ready, and the cost of loading.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from benchmarks.machine import CpuClock, peak_rss_mb

BATCH = 32
_WARM_UP = 64  # sentences


def serve(target: str, model: Path, sentences: list[str], commands: TextIO, answers: TextIO) -> None:
    """Loads a tagger and answers commands until `quit`.

    Args:
        target: `module:Class` with a static `load(folder)` that returns a tagger.
        model: folder of the model.
        sentences: raw sentences to tag.
        commands: stream to read from.
        answers: stream to write to.

    Raises:
        ValueError: a command is unknown.
    """
    module, _, name = target.partition(":")
    clock = CpuClock()
    tagger = getattr(importlib.import_module(module), name).load(model)
    tagger.tag(sentences[:1])
    loading = clock.cpu_seconds
    for batch in (1, BATCH):
        time_calls(tagger.tag, sentences[:_WARM_UP], batch)
    _answer(answers, {"load_cpu_seconds": loading, "peak_rss_mb": peak_rss_mb()})
    for line in commands:
        command = line.strip()
        if command == "quit":
            break
        if command == "single":
            _answer(answers, single_figures(time_calls(tagger.tag, sentences, 1)))
        elif command == "batch":
            _answer(answers, {**batch_figures(time_calls(tagger.tag, sentences, BATCH)), "peak_rss_mb": peak_rss_mb()})
        else:
            raise ValueError(f"unknown command {command!r}")


class Times(NamedTuple):
    """Times of consecutive calls.

    Attributes:
        cpu: CPU seconds of each call, all threads of the process.
        wall: wall seconds of each call.
        tokens: number of words between spaces in all sentences.
    """

    cpu: list[float]
    wall: list[float]
    tokens: int


def time_calls(tag: Callable[[Sequence[str]], Any], sentences: Sequence[str], batch: int) -> Times:
    """Tags all sentences and times each call.

    Args:
        tag: function of a tagger.
        sentences: raw sentences, in the order of the calls.
        batch: sentences in a call; the last call may have fewer.
    """
    gc.collect()
    cpu, wall = [], []
    for begin in range(0, len(sentences), batch):
        request = sentences[begin : begin + batch]
        cpu_began, wall_began = time.process_time_ns(), time.perf_counter_ns()
        tag(request)
        wall.append((time.perf_counter_ns() - wall_began) / 1e9)
        cpu.append((time.process_time_ns() - cpu_began) / 1e9)
    return Times(cpu, wall, sum(len(sentence.split()) for sentence in sentences))


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the smallest value that at least this share of the values does not exceed.

    Example:
        >>> percentile([5, 1, 4, 2, 3], 0.5)
        3
    """
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def single_figures(times: Times) -> dict[str, float]:
    """Returns the figures of calls with one sentence."""
    return {
        "single_cpu_p50_ms": percentile(times.cpu, 0.50) * 1e3,
        "single_cpu_p99_ms": percentile(times.cpu, 0.99) * 1e3,
        "single_wall_p50_ms": percentile(times.wall, 0.50) * 1e3,
        "single_wall_p99_ms": percentile(times.wall, 0.99) * 1e3,
        "single_tokens_per_cpu_second": times.tokens / sum(times.cpu),
    }


def batch_figures(times: Times) -> dict[str, float]:
    """Returns the figures of calls with `BATCH` sentences."""
    return {
        "batch_tokens_per_cpu_second": times.tokens / sum(times.cpu),
        "batch_tokens_per_second": times.tokens / sum(times.wall),
    }


def _answer(answers: TextIO, values: dict[str, Any]) -> None:
    answers.write(json.dumps(values) + "\n")
    answers.flush()


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[4])})  # before any library counts the cores
    # Answers go to a separate channel, because libraries print to standard output.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    texts = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    serve(sys.argv[1], Path(sys.argv[2]), texts, sys.stdin, channel)
