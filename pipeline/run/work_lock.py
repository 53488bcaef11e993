"""Lock with which a run protects its work folder from `ner clean`."""

from __future__ import annotations

from contextlib import AbstractContextManager

from components.common.files import locked
from configs.spec import PipelineConfig

_FILE = ".run.lock"


def running(config: PipelineConfig) -> AbstractContextManager[None]:
    """Holds the lock for a run. Several runs may hold it; it ends with its process."""
    return locked(config.work_dir.absolute() / _FILE, shared=True)


def no_run(config: PipelineConfig) -> AbstractContextManager[None]:
    """Holds the lock against runs, which wait for its end.

    Raises:
        LockHeldError: a run, or another removal, is in progress.
    """
    return locked(config.work_dir.absolute() / _FILE, wait=False)
