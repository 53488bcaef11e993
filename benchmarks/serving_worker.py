"""A process that holds one tagger, pinned to one core, and times it whenever it is told to.

    python -m benchmarks.serving_worker MODULE:CLASS MODEL_FOLDER SENTENCES_FILE CORE

Reads `single`, `batch` or `quit` a line from standard input and answers each with a line of JSON, so that whoever holds
several of these can let them work by turns. The first line it writes says that it is ready and what loading cost.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from benchmarks.cpu_clock import CpuClock, peak_rss_mb
from benchmarks.latency import BATCH, batch_figures, single_figures, time_calls

_WARM_UP = 64  # sentences


def serve(target: str, model: Path, sentences: list[str], commands: TextIO, answers: TextIO) -> None:
    """Does what the module says.

    Args:
        target: `module:Class` with a static `load(folder)` that gives a tagger.
        model: folder to load.
        sentences: raw text to tag.
        commands: to read from.
        answers: to write to.
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


def _answer(answers: TextIO, values: dict[str, Any]) -> None:
    answers.write(json.dumps(values) + "\n")
    answers.flush()


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[4])})  # before any library counts the cores
    # Libraries may print; answers have a channel of their own.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    texts = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    serve(sys.argv[1], Path(sys.argv[2]), texts, sys.stdin, channel)
