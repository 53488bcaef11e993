"""Progress of long work: the work reports it, and the command around it shows it.

In a test or a container nobody listens, so that nothing is shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

_listeners: list[Callable[[str, int, int], None]] = []


def report_progress(work: str, done: int, total: int) -> None:
    """Reports that `done` of at most `total` steps of the work are done."""
    for listener in _listeners:
        listener(work, done, total)


@contextlib.contextmanager
def progress_to(listener: Callable[[str, int, int], None]) -> Iterator[None]:
    """Passes each report to a function.

    Example:
        >>> with progress_to(lambda work, done, total: print(f"{work}: {done}/{total}")):
        ...     report_progress("training", 3, 10)
        training: 3/10
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
