"""Growth of the time of a function with the size of its input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def growth(
    function: Callable[[Any], object], make: Callable[[int], Any], small: int = 10_000, factor: int = 4
) -> float:
    """Returns how many times longer an input of `factor` times the size takes; about `factor` if the time is linear.

    It compares the fastest of three calls by processor time, so that other processes hardly count.

    Args:
        function: called with the input.
        make: makes the input of a size.
        small: the smaller size.
        factor: how many times larger the other one is.
    """

    def fastest(value: Any) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            function(value)
            times.append(time.process_time() - start)
        return min(times)

    return fastest(make(small * factor)) / fastest(make(small))


LINEAR = 8.0
"""Most growth by which a function counts as linear, for a factor of 4; a quadratic one has 16."""
