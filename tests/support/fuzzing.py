"""Number of cases and seed of the fuzzers (`make fuzz`)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

SEED = int(os.environ.get("NER_FUZZ_SEED", "0"))
"""Seed of every fuzzer; one seed gives the same cases each time."""

SECONDS = 5.0
"""Most processor time of a case; real cases take milliseconds."""


def fuzz(check: Callable[[Any], object], cases: SearchStrategy[Any], count: int) -> None:
    """Calls `check` with generated cases, and prints seed and number; NER_FUZZ_CASES changes the number.

    Args:
        check: raises on a fault. Hypothesis then shows the smallest case that has it.
        cases: strategy of the cases.
        count: number of cases.
    """
    count = int(os.environ.get("NER_FUZZ_CASES", count))
    run = settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    start = time.monotonic()
    seed(SEED)(run(given(cases)(lambda case: _timed(check, case))))()
    print(f"\n{check.__name__}: {count:,} cases, NER_FUZZ_SEED={SEED}, {time.monotonic() - start:.0f} s")


def _timed(check: Callable[[Any], object], case: Any) -> None:
    with time_limit():
        check(case)


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Fails if the block takes longer than a number of seconds of processor time."""
    start = time.process_time()
    yield
    took = time.process_time() - start
    assert took < seconds, f"{took:.1f} s for one case"
