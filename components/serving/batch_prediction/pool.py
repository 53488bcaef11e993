"""Processes that tag chunks. Each loads the model once; a process that is killed is replaced."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from components.common.errors import NerError, shortened
from components.common.faults import explain
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.shards import WORKER_LOG, ShardInfo, Shards
from components.serving.batch_prediction.sources import Chunk
from components.serving.batch_prediction.tagging import ChunkTagger, Task

_MOST_KILLS = 2  # of the processes that tag one chunk
_OK, _USER, _DEFECT = "ok", "user", "defect"


@dataclasses.dataclass
class _Worker:
    """A process and the chunk that it tags."""

    process: Any
    connection: Connection
    chunk: Chunk | None = None


class Pool:
    """Processes that tag chunks and write shards.

    They start when there is a chunk for them, and end with the block.

    tests/components/serving/batch_prediction/test_job.py shows it at work.
    """

    def __init__(self, task: Task, shards: Shards, packed: bool, size: int) -> None:
        """Configures the processes.

        Args:
            task: of every process.
            shards: where they write.
            packed: whether shards hold gzip members.
            size: most processes.
        """
        self._task, self._shards, self._packed, self._size = task, shards, packed, size
        self._context = multiprocessing.get_context("spawn")  # a fork would copy locks of threads
        self._workers: list[_Worker] = []
        self._kills: dict[int, int] = {}

    def __enter__(self) -> Pool:
        """Returns the pool."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends the processes."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()

    def run(self, chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, ShardInfo]]:
        """Yields chunks with the heads of their shards, as they are finished; holds one chunk more than processes.

        Raises:
            NerError: an error of a process for the user, or a process was killed twice at the same chunk.
        """
        following = next(chunks, None)
        while following is not None or any(worker.chunk for worker in self._workers):
            if following is not None and (idle := self._idle()):
                self._send(idle, following)
                following = next(chunks, None)
                continue
            for worker in self._ready():
                chunk, info = worker.chunk, self._receive(worker)
                if info is not None:
                    assert chunk is not None, "only workers with a chunk answer"
                    yield chunk, info

    def _idle(self) -> _Worker | None:
        for worker in self._workers:
            if worker.chunk is None:
                return worker
        # One process for the first chunk, the others side by side when there is a second one: a start takes a second.
        missing = self._size - len(self._workers) if self._workers else 1
        started = [self._start() for _ in range(missing)]
        return started[0] if started else None

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._task, self._shards.folder, self._packed)
        process = self._context.Process(target=_serve, args=arguments, daemon=True, name="ner-batch")
        resource_tracker.ensure_running()  # its start would unblock the signal
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited: Ctrl-C during the imports
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _send(self, worker: _Worker, chunk: Chunk) -> None:
        worker.chunk = chunk
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `_receive` sees the end of the process
            worker.connection.send((chunk.index, chunk.digest, chunk.payload))

    def _ready(self) -> list[_Worker]:
        busy = {worker.connection: worker for worker in self._workers if worker.chunk}
        return [busy[connection] for connection in wait(list(busy))]  # type: ignore[index]  # only connections wait

    def _receive(self, worker: _Worker) -> ShardInfo | None:
        """Returns the result of a chunk; None if its process was killed and another one has it now."""
        try:
            status, value = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._replace(worker)
            return None
        worker.chunk = None
        if status == _USER:
            raise NerError(value)
        if status == _DEFECT:
            raise RuntimeError(value)
        return ShardInfo(**value)

    def _replace(self, worker: _Worker) -> None:
        chunk = worker.chunk
        assert chunk is not None, "only workers with a chunk are waited for"
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        kills = self._kills[chunk.index] = self._kills.get(chunk.index, 0) + 1
        if kills >= _MOST_KILLS:
            code = worker.process.exitcode or 0
            cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            with contextlib.suppress(OSError):
                log = (self._shards.folder / WORKER_LOG).read_text(encoding="utf-8", errors="replace")
                printed = log.splitlines()
                cause += "".join(f"; {shortened(line, 200)}" for line in printed[-1:])
            raise BatchError(
                f"rows {chunk.first:,} to {chunk.last:,}: a process that tags them ended {kills} times ({cause}). "
                "Check the memory of the machine, use fewer --workers, and add --resume to continue."
            )
        self._send(self._start(), chunk)


def _serve(connection: Connection, task: Task, folder: Path, packed: bool) -> None:
    """Tags chunks in the process until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the main process ends this one
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with (folder / WORKER_LOG).open("ab") as log:
        os.dup2(log.fileno(), 2)  # TensorFlow's warnings would disturb the bar
    shards, tagger = Shards(folder), None
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the main process has ended
        while True:
            index, digest, payload = connection.recv()
            try:
                tagger = tagger or ChunkTagger(task)
                tagged = tagger.tag(payload)
                if _orphaned():
                    return  # another job may hold the folder now
                info = shards.write(index, digest, tagged, packed)
                answer: tuple[str, Any] = (_OK, dataclasses.asdict(info))
            except Exception as error:  # sent to the main process, which raises it
                explanation = explain(error)
                answer = (_USER, str(explanation)) if explanation else (_DEFECT, traceback.format_exc())
            connection.send(answer)


def _orphaned() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
