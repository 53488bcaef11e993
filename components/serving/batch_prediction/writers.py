"""The finished output: shards joined in order, under another name, and renamed when it is complete."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from components.common.files import INCOMING_PREFIX, fsync_path, is_special, named_in_errors
from components.serving.batch_prediction import formats
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import BRAT, PARQUET
from components.serving.batch_prediction.parquet_output import write_parquet
from components.serving.batch_prediction.shards import Shards
from components.serving.batch_prediction.tagging import Task, table_header


def write_output(
    path: Path, shards: Shards, count: int, task: Task, kinds: Mapping[str, Collection[str]], source: str
) -> None:
    """Joins the shards to the output.

    Args:
        path: the output; an existing one is replaced at the end.
        shards: all of them are finished.
        count: their number.
        task: format and fields.
        kinds: field -> kinds of its JSON values.
        source: path of the input.

    Raises:
        BatchError: a shard was damaged after it was written.
    """
    bodies = (output for _, output in _contents(shards, count))
    if task.output_kind == PARQUET:
        with _replacing(path) as file:
            write_parquet(file, bodies, task, kinds, source)
    elif task.output_kind == BRAT:
        with _replacing(path.with_suffix(".txt")) as text, _replacing(path) as annotations:
            _write_brat(text, annotations, bodies)
    else:
        header = table_header(task).encode("utf-8")
        with _replacing(path) as file:
            first = gzip.compress(header, mtime=0) if header and path.suffix == ".gz" else header
            size = sum(file.write(body) for body in itertools.chain([first], bodies))
            if path.suffix == ".gz" and not size:
                file.write(gzip.compress(b"", mtime=0))


def write_errors(path: Path, shards: Shards, count: int) -> None:
    """Joins the lines of errors to a file, packed if it ends in .gz; without errors it is empty."""
    with _replacing(path) as raw:
        file: Any = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else raw
        for errors, _ in _contents(shards, count):
            file.write(errors)
        if file is not raw:
            file.close()


def _contents(shards: Shards, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yields (errors, output) of every shard."""
    for index in range(count):
        content = shards.read(index)
        if content is None:
            raise BatchError(
                f"{shards.path(index)}: missing or damaged. The same command with --resume makes it again."
            )
        yield content[2], content[1]


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yields a new file that replaces `path` when the block ends without an error; a device is written."""
    if is_special(path):
        with path.open("wb") as file:
            yield file
        return
    incoming = path.with_name(f"{INCOMING_PREFIX}{path.name}-{os.getpid()}")
    try:
        with named_in_errors(path):
            file = incoming.open("wb")
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(incoming, path)
        fsync_path(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk has no name
        raise
    finally:
        with contextlib.suppress(OSError):  # a read-only folder, whose error is raised already
            incoming.unlink(missing_ok=True)


def _write_brat(text: IO[bytes], annotations: IO[bytes], bodies: Iterator[bytes]) -> None:
    offset, number = 0, 1
    for body in bodies:
        for line in body.splitlines():
            sentence, entities, note = json.loads(line)
            shown = sentence.translate(formats.BREAKS)
            annotations.write(formats.brat(sentence, entities, note, offset, number).encode("utf-8"))
            text.write(f"{shown}\n".encode())
            offset += len(shown) + 1
            number += len(entities)
