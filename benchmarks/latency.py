"""What a tagger costs a call: timing, and the figures that are made of the times. Knows no tagger."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

BATCH = 32

Tag = Callable[[Sequence[str]], Any]


class Times(NamedTuple):
    """Times of calls, one after another.

    Attributes:
        cpu: CPU seconds of the process, all its threads, of each call.
        wall: seconds of each call.
        tokens: how many pieces between blanks all the sentences have.
    """

    cpu: list[float]
    wall: list[float]
    tokens: int


def time_calls(tag: Tag, sentences: Sequence[str], batch: int) -> Times:
    """Tags all sentences, so many a call, and takes the time of each call.

    Args:
        tag: a tagger's function.
        sentences: raw text, in the order in which it is sent.
        batch: sentences a call; what remains at the end is sent as a smaller one.
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
    """Returns the smallest value that so large a share of the values does not exceed.

    Args:
        values: one at least.
        share: 0 to 1.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def single_figures(times: Times) -> dict[str, float]:
    """Returns the figures of calls with one sentence each."""
    return {
        "single_cpu_p50_ms": percentile(times.cpu, 0.50) * 1e3,
        "single_cpu_p99_ms": percentile(times.cpu, 0.99) * 1e3,
        "single_wall_p50_ms": percentile(times.wall, 0.50) * 1e3,
        "single_wall_p99_ms": percentile(times.wall, 0.99) * 1e3,
        "single_tokens_per_cpu_second": times.tokens / sum(times.cpu),
    }


def batch_figures(times: Times) -> dict[str, float]:
    """Returns the figures of calls with `BATCH` sentences each."""
    return {
        "batch_tokens_per_cpu_second": times.tokens / sum(times.cpu),
        "batch_tokens_per_second": times.tokens / sum(times.wall),
    }


def over_rounds(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Returns the median of each figure, and its smallest and largest value as `<name>_min` and `<name>_max`."""
    result: dict[str, float] = {}
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        result[name] = statistics.median(values)
        result[f"{name}_min"], result[f"{name}_max"] = min(values), max(values)
    return result
