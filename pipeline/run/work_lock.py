"""Lock of a work folder between its runs and `ner clean`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from components.common.errors import LockHeldError, NerError
from components.common.files import INCOMING_PREFIX, locked
from configs.spec import PipelineConfig
from pipeline.run.relocation import Relocation, rewrite_metadata


@contextmanager
def run_lock(config: PipelineConfig, run_id: str) -> Iterator[None]:
    """Holds the lock for a run, which several runs may hold, after rewriting former paths of the metadata.

    Another lock, of this run only, shows that it is in progress. `ner clean` removes its file after a killed run.

    Raises:
        NerError: a run uses the work folder under another path.
    """
    if Relocation.of(config).former:
        # If the lock is held, another run may be rewriting; the next lock waits for that.
        with suppress(LockHeldError), no_run(config):
            rewrite_metadata(config)
    with locked(_file(config), shared=True):
        if former := Relocation.of(config).former:
            raise NerError(
                f"work_dir {config.work_dir}: it was {former[0]}, and a run or `ner clean` uses it. Wait until that "
                "has finished, or give this run another work_dir."
            )
        own = _file_of_run(config, run_id)
        with locked(own):
            try:
                yield
            finally:
                own.unlink(missing_ok=True)


def no_run(config: PipelineConfig) -> AbstractContextManager[None]:
    """Holds the lock against runs, which wait for its end.

    Raises:
        LockHeldError: a run, or another removal, is in progress.
    """
    return locked(_file(config), wait=False)


def is_running(config: PipelineConfig, run_id: str) -> bool:
    """Returns whether a run is in progress, if this process may write to the work folder."""
    own = _file_of_run(config, run_id)
    try:
        if own.exists():
            with locked(own, wait=False):
                return False
    except LockHeldError:
        return True
    except OSError:
        return False
    return False


def _file(config: PipelineConfig) -> Path:
    return config.root / ".run.lock"


def _file_of_run(config: PipelineConfig, run_id: str) -> Path:
    return config.root / "reports" / f"{INCOMING_PREFIX}{run_id.replace(':', '-')}"
