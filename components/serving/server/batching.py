"""Dynamic batching: requests that arrive while the model is busy are joined to one run.

A lone request starts at once. All queues share a number of runs at the same time; when one is free, the queue with the
oldest request gets it, and takes other requests of similar length along. Long texts do not make short ones expensive,
because a run costs as much as if all its texts were as long as the longest.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from components.exporter.validator.probe.c_api import TensorFlowError
from components.serving.server.errors import (
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    ResourceExhaustedError,
    ServingError,
    UnavailableError,
)
from components.serving.server.joining import Arrays, Joining
from components.serving.server.settings import ServerSettings

Run = Callable[[Arrays], Arrays]
_SHORT = 256  # bytes: below, a run costs more for itself than for the padding of its shorter texts
# TensorFlow's status -> error; all others are defects of the model.
_STATUSES: Mapping[int, type[ServingError]] = {
    2: InvalidArgumentError,
    3: InvalidArgumentError,
    11: InvalidArgumentError,
    4: DeadlineExceededError,
    8: ResourceExhaustedError,
    14: UnavailableError,
}


@dataclasses.dataclass(eq=False, repr=False)
class _Job:
    """A request in a queue.

    Attributes:
        inputs: its values.
        rows: their number; None: it runs alone.
        longest: bytes of its longest text.
        size: bytes of all its texts.
        since: time of its arrival.
        answer: receives the outputs.
        waiting: whether it is in the queue.
    """

    inputs: Arrays
    rows: int | None
    longest: int
    size: int
    since: float
    answer: asyncio.Future[Arrays]
    waiting: bool = True


class Scheduler:
    """Starts runs of all queues, as many at the same time as there are threads.

    tests/components/serving/server/test_batching.py shows it at work.
    """

    def __init__(self, settings: ServerSettings) -> None:
        """Starts without a queue."""
        self.settings = settings
        self.queues: list[RequestQueue] = []
        self.running = 0
        self._pool = ThreadPoolExecutor(settings.threads, "predict")
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def schedule(self) -> None:
        """Starts runs while threads are free and requests wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self.running < self.settings.threads:
            waiting = [queue for queue in self.queues if queue.jobs]
            if not waiting:
                return
            queue = min(waiting, key=lambda each: each.jobs[0].since)
            jobs = queue.next_batch()
            start = jobs[0].since + self.settings.batch_wait
            if self.running and queue.can_grow(jobs) and start > loop.time():
                self._timer = loop.call_at(start, self.schedule)
                return
            queue.take(jobs)
            self.running += 1
            task = loop.run_in_executor(self._pool, queue.execute, jobs)
            task.add_done_callback(functools.partial(self._finish, queue, jobs))

    def _finish(self, queue: RequestQueue, jobs: Sequence[_Job], done: asyncio.Future) -> None:
        self.running -= 1
        if not done.cancelled():
            queue.deliver(jobs, done.result())
        self.schedule()


class RequestQueue:
    """Requests to one signature of one version."""

    def __init__(self, run: Run, joining: Joining, scheduler: Scheduler) -> None:
        """Registers with the scheduler.

        Args:
            run: runs the signature; threads call it at the same time.
            joining: rules for joined requests.
            scheduler: starts the runs.
        """
        self.jobs: deque[_Job] = deque()
        self.unfinished = 0
        self._run = run
        self._joining = joining
        self._scheduler = scheduler
        self._seconds = 0.0  # of a run, moving average
        self._idle = asyncio.Event()
        self._idle.set()
        scheduler.queues.append(self)

    async def submit(self, inputs: Arrays, rows: int | None, timeout: float) -> Arrays:
        """Returns all outputs of a request.

        Args:
            inputs: by name, checked.
            rows: of the inputs; None: they have none in common.
            timeout: seconds until the answer must be there.

        Raises:
            ServingError: the queue is full, the time is over, or the model refuses the request.
        """
        settings, loop = self._scheduler.settings, asyncio.get_running_loop()
        if timeout <= 0:
            raise DeadlineExceededError("the deadline passed before the request arrived. Give it more time.")
        if len(self.jobs) >= settings.max_queue:
            seconds = self._seconds * len(self.jobs) / settings.max_batch_size / settings.threads
            raise ResourceExhaustedError(
                f"{len(self.jobs)} requests wait already. Send it again later, or start more servers.",
                retry_after=float(max(1, math.ceil(seconds))),
            )
        lengths = [len(text) for name in self._joining.texts for text in inputs[name].flat]
        joinable = self._joining.possible and rows is not None and 0 < rows < settings.max_batch_size
        job = _Job(
            inputs=inputs,
            rows=rows if joinable else None,
            longest=max(lengths, default=0),
            size=sum(lengths),
            since=loop.time(),
            answer=loop.create_future(),
        )
        self.jobs.append(job)
        self._count(1)
        timer = loop.call_later(timeout, self._expire, job, timeout)
        self._scheduler.schedule()
        try:
            return await job.answer
        finally:
            timer.cancel()
            self._drop(job)

    async def drained(self) -> None:
        """Waits until no request waits or runs."""
        await self._idle.wait()

    def remove(self) -> None:
        """Takes a drained queue out of the scheduler."""
        self._scheduler.queues.remove(self)

    def next_batch(self) -> list[_Job]:
        """Returns the oldest request and those that fit to it."""
        first, *others = self.jobs
        jobs, rows, longest, size = [first], first.rows or 0, first.longest, first.size
        if first.rows is None:
            return jobs
        for job in others:
            if rows >= self._scheduler.settings.max_batch_size:
                break
            if job.rows is None or rows + job.rows > self._scheduler.settings.max_batch_size:
                continue
            shorter, longer = sorted((max(first.longest, _SHORT), max(job.longest, _SHORT)))
            padded = max(longest, job.longest) * (rows + job.rows)
            limit = self._joining.limit
            if longer > 2 * shorter or (limit and max(padded, size + job.size) > limit):
                continue
            jobs.append(job)
            rows, longest, size = rows + job.rows, max(longest, job.longest), size + job.size
        return jobs

    def can_grow(self, jobs: Sequence[_Job]) -> bool:
        """Returns whether other requests may still join these."""
        return jobs[0].rows is not None and sum(job.rows or 0 for job in jobs) < self._scheduler.settings.max_batch_size

    def take(self, jobs: Sequence[_Job]) -> None:
        """Removes requests that are about to run."""
        for job in jobs:
            job.waiting = False
        if len(jobs) == 1:
            self.jobs.popleft()
        else:
            self.jobs = deque(job for job in self.jobs if job.waiting)

    def execute(self, jobs: Sequence[_Job]) -> tuple[float, list[Arrays | Exception]]:
        """Runs requests, in a thread; one that fails does not affect the others."""
        begin = time.perf_counter()
        results: list[Arrays | Exception]
        try:
            results = self._together(jobs)
        except Exception as error:
            results = [error] if len(jobs) == 1 else [self._alone(job) for job in jobs]
        return time.perf_counter() - begin, results

    def deliver(self, jobs: Sequence[_Job], done: tuple[float, list[Arrays | Exception]]) -> None:
        """Hands over the results of a run."""
        seconds, results = done
        self._seconds = 0.8 * self._seconds + 0.2 * seconds if self._seconds else seconds
        for job, result in zip(jobs, results, strict=True):
            if not job.answer.done():
                if isinstance(result, Exception):
                    job.answer.set_exception(_explained(result))
                else:
                    job.answer.set_result(result)
        self._count(-len(jobs))

    def _together(self, jobs: Sequence[_Job]) -> list[Arrays | Exception]:
        if len(jobs) == 1:
            return [self._run(jobs[0].inputs)]
        answer = self._run(self._joining.join([job.inputs for job in jobs]))
        return [*self._joining.split(answer, [job.rows or 0 for job in jobs])]

    def _alone(self, job: _Job) -> Arrays | Exception:
        try:
            return self._run(job.inputs)
        except Exception as error:
            return error

    def _expire(self, job: _Job, timeout: float) -> None:
        if not job.answer.done():
            job.answer.set_exception(
                DeadlineExceededError(f"no answer within {timeout:g} s. Give it more time, or send fewer rows.")
            )
        self._drop(job)

    def _drop(self, job: _Job) -> None:
        """Forgets a request that still waits, because its caller does not."""
        if job.waiting:
            job.waiting = False
            self.jobs.remove(job)
            self._count(-1)

    def _count(self, change: int) -> None:
        self.unfinished += change
        (self._idle.clear if self.unfinished else self._idle.set)()


def _explained(error: Exception) -> Exception:
    if isinstance(error, TensorFlowError):
        return _STATUSES.get(error.code, InternalError)(str(error))
    return error
