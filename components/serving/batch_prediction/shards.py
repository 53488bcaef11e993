"""State of a job that survives a kill: finished chunks as files in a hidden folder next to the output."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.common.errors import LockHeldError
from components.common.files import INCOMING_PREFIX, locked, named_in_errors, write_atomically
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.tagging import ChunkSummary, Tagged

_JOB, _LOCK = "job.json", "lock"
MODIFIED = "modified"
"""Name of the time of the input, in nanoseconds since 1970."""
WORKER_LOG = "worker.log"
"""File in the folder: what libraries print in the processes."""
_TITLES = {"input": "the input", "model": "the model", "options": "options"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardInfo(ChunkSummary):
    """The first line of a shard.

    Attributes:
        index: number of the chunk.
        digest: hash of the chunk's rows.
        output: bytes of the output, as they are stored.
        errors: bytes of the lines of errors.
        check: hash of both.
    """

    index: int
    digest: str
    output: int
    errors: int
    check: str


class Shards:
    """Finished chunks of a job.

    A shard is written under another name and renamed, and holds a hash of its content: a damaged one counts as missing.

    tests/components/serving/batch_prediction/test_job.py shows it at work.
    """

    def __init__(self, folder: Path) -> None:
        """Names the folder; `open` creates it."""
        self.folder = folder

    @contextlib.contextmanager
    def open(self, job: dict[str, Any], resume: bool) -> Iterator[None]:
        """Holds the folder of a job.

        Args:
            job: hashes and options that must not change between the parts of a job, by section.
            resume: whether to continue an unfinished job, if there is one.

        Raises:
            BatchError: another process works on the job, it exists and may not be continued, or it differs.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with locked(self.folder / _LOCK, wait=False):
                self._check(job, resume)
                for leftover in self.folder.glob(f"{INCOMING_PREFIX}*"):
                    leftover.unlink(missing_ok=True)
                write_atomically(self.folder / _JOB, json.dumps(job, indent=1))
                yield
        except LockHeldError as error:
            raise BatchError(
                f"{self.folder}: another process works on this output. Wait until it has ended."
            ) from error

    def _check(self, job: dict[str, Any], resume: bool) -> None:
        file = self.folder / _JOB
        if not file.is_file():
            return
        try:
            before = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BatchError(f"{file}: damaged ({error}). Remove the folder and start again.") from error
        done = len(list(self.folder.glob("*.shard")))
        if not resume:
            if done and job.get("input") and before.get("input") == job["input"]:
                raise BatchError(
                    f"{self.folder}: holds an unfinished job (finished parts: {done}). Add --resume to continue it, or "
                    "remove the folder."
                )
            for file in self.folder.glob("*.shard"):  # of another input: nothing can continue them
                file.unlink()
            return
        changed = [title for name, title in _TITLES.items() if before.get(name) != job.get(name)]
        if changed:
            details = "; ".join(_differences(before, job))
            raise BatchError(
                f"{self.folder}: the job cannot continue, because {' and '.join(changed)} changed ({details}). Restore "
                "them, or remove the folder to start again."
            )

    def path(self, index: int) -> Path:
        """Returns the file of a chunk."""
        return self.folder / f"{index:08d}.shard"

    def write(self, index: int, digest: str, tagged: Tagged, packed: bool) -> ShardInfo:
        """Writes a shard; `packed`: with the output as a member of a gzip file."""
        output = gzip.compress(tagged.output, 6, mtime=0) if packed and tagged.output else tagged.output
        info = ShardInfo(
            index=index,
            digest=digest,
            output=len(output),
            errors=len(tagged.errors),
            check=_check_of(output, tagged.errors),
            **{field.name: getattr(tagged, field.name) for field in dataclasses.fields(ChunkSummary)},
        )
        head = json.dumps(dataclasses.asdict(info)).encode() + b"\n"
        incoming = self.folder / f"{INCOMING_PREFIX}{index:08d}-{os.getpid()}"
        # Not synced: after a power failure the hash shows whether the shard is complete.
        with named_in_errors(self.path(index)), incoming.open("wb") as file:
            file.write(head + output + tagged.errors)
        os.replace(incoming, self.path(index))
        return info

    def drop_output(self, info: ShardInfo, errors: bytes) -> None:
        """Replaces a shard by its errors alone."""
        head = dataclasses.replace(info, output=0, check=_check_of(b"", errors))
        write_atomically(self.path(info.index), json.dumps(dataclasses.asdict(head)).encode() + b"\n" + errors)

    def read(self, index: int) -> tuple[ShardInfo, bytes, bytes] | None:
        """Returns the head, the output and the errors of a shard; None if it is missing or damaged."""
        try:
            content = self.path(index).read_bytes()
            head, _, body = content.partition(b"\n")
            info = ShardInfo(**json.loads(head))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        output, errors = body[: info.output], body[info.output :]
        if len(errors) != info.errors or _check_of(output, errors) != info.check:
            return None
        return info, output, errors

    def any(self) -> bool:
        """Returns whether there are shards."""
        return next(self.folder.glob("*.shard"), None) is not None

    def remove(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _check_of(output: bytes, errors: bytes) -> str:
    digest = hashlib.blake2b(output, digest_size=16)
    digest.update(errors)
    return digest.hexdigest()


def _times(*nanoseconds: Any) -> list[str]:
    """Returns times of files in UTC, with as many digits as they need to differ.

    Example:
        >>> _times(1_790_000_000_000_000_000, 1_790_000_005_700_000_000)
        ['2026-09-21 14:13:20 UTC', '2026-09-21 14:13:25 UTC']
        >>> _times(1_790_000_000_000_000_000, 1_790_000_000_000_000_009)
        ['2026-09-21 14:13:20.000000000 UTC', '2026-09-21 14:13:20.000000009 UTC']
    """
    parts = [divmod(int(count or 0), 10**9) for count in nanoseconds]
    fine = len({seconds for seconds, _ in parts}) < len(parts)
    times = [(datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc), rest) for seconds, rest in parts]
    return [f"{time:%Y-%m-%d %H:%M:%S}{f'.{rest:09}' if fine else ''} UTC" for time, rest in times]


def _differences(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for section in _TITLES:
        old, new = then.get(section), now.get(section)
        if isinstance(old, dict) and isinstance(new, dict):
            for name in sorted({*old, *new}):
                if old.get(name) != new.get(name):
                    before, after = old.get(name), new.get(name)
                    if name == MODIFIED:
                        before, after = _times(before, after)
                    yield f"{section}: {name} was {before}, is {after}"
        elif old != new:
            yield f"{section} was {str(old)[:12]}, is {str(new)[:12]}"
