"""A batch prediction on this machine: checks, processes, state, output."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from components.common import interruption
from components.common.errors import counted, quoted
from components.common.hashing import tree_hash
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import BRAT, DELIMITERS, PARQUET, STANDARD, Fields, output_kind
from components.serving.batch_prediction.pool import Pool
from components.serving.batch_prediction.progress import Progress
from components.serving.batch_prediction.shards import ShardInfo, Shards
from components.serving.batch_prediction.sources import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    Chunk,
    Source,
    import_parquet,
    row_remedy,
)
from components.serving.batch_prediction.tagging import BATCH_ROWS, Task
from components.serving.batch_prediction.writers import write_errors, write_output

_VERSION = 2
"""Of the form of shards."""
_LEAST_RATE = 10  # rows per second; below, a few rows and the loading of the model say nothing about the speed


@dataclasses.dataclass(frozen=True)
class BatchJob:
    """A batch prediction.

    Attributes:
        input: path, or `-`: JSON lines on standard input.
        output: path, or `-`: standard output.
        model: folder of the SavedModel.
        fields: of the rows.
        signature: of the model; None: the one with the most complete answer.
        format: `entities`, `highlight`, `brat`, `conll` or `doccano`.
        with_tokens: whether the answer has tokens, tags, scores and offsets.
        workers: processes that tag.
        errors: file for rows that cannot be read or tagged; None: the first one stops the job.
        quoting: of CSV and TSV: `csv` or `none`; None: see `Source`.
        resume: whether to continue an unfinished job.
    """

    input: str
    output: str
    model: Path
    fields: Fields
    signature: str | None = None
    format: str = "entities"
    with_tokens: bool = False
    workers: int = 1
    errors: str | Path | None = None
    quoting: str | None = None
    resume: bool = False

    @property
    def state_folder(self) -> Path:
        """Folder of the finished parts, next to the output."""
        output = Path(self.output)
        return output.with_name(f".{output.name}.parts")

    @property
    def resumable(self) -> bool:
        """True if the job can continue after a kill: it can read the input again, and has not shown the output."""
        return STANDARD not in (self.input, self.output)

    def check(self) -> str:
        """Checks the options and returns the kind of the output.

        Raises:
            BatchError: an option has no use, or two files are the same.
        """
        kind = output_kind(self.output, self.format)
        self.fields.check(self.format, self.with_tokens, kind)
        if self.resume and not self.resumable:
            raise BatchError("--resume: needs an input and an output that are files. Give paths instead of -.")
        if str(self.errors) == STANDARD:
            raise BatchError("--errors -: needs a file. Give a path.")
        check_tokens(self, kind)
        if kind == PARQUET:
            import_parquet(f"--output {self.output}")
        if self.output == STANDARD and sys.stdout is None:
            raise BatchError("--output -: standard output is closed. Give a file.")
        paths = {"--input": self.input, "--output": self.output, "--errors": str(self.errors or STANDARD)}
        if kind == BRAT:
            text = Path(self.output).with_suffix(".txt")
            paths["the text of --output"] = str(text)
            if text.exists() and not Path(self.output).exists():
                raise BatchError(
                    f"--output {self.output}: {text} would be replaced, and is not of an earlier job. Remove it, or "
                    "give another name."
                )
        real = {option: os.path.realpath(path) for option, path in paths.items() if path != STANDARD}
        for option, path in real.items():
            others = [other for other in real if other != option and real[other] == path]
            if others:
                raise BatchError(f"{option} {paths[option]}: is also {others[0]}. Give another file.")
            if option != "--input" and not Path(path).parent.is_dir():
                raise BatchError(f"{option} {paths[option]}: its folder does not exist. Create it first.")
            if option != "--input" and Path(path).is_dir():
                raise BatchError(f"{option} {paths[option]}: is a folder. Give a file.")
        return kind


def check_tokens(job: BatchJob, kind: str) -> None:
    """Checks that the output has a place for tokens, if the job asks for them.

    Raises:
        BatchError: it has none.
    """
    if job.with_tokens and job.format != "entities":
        raise BatchError(f"--tokens: {job.format} has no place for them. Use --format entities.")
    if job.with_tokens and kind in DELIMITERS:
        raise BatchError("--tokens: a table of entities has no place for them. Give --output FILE.jsonl or .parquet.")


@dataclasses.dataclass(frozen=True)
class BatchResult:
    """The result of a job.

    Attributes:
        rows: tagged rows.
        bad: rows that could not be read or tagged.
        resumed: rows of both kinds that an earlier run had finished.
        seconds: of this run.
        absent: fields to forward that no row has.
        empty: tagged rows whose text is empty or white space.
    """

    rows: int
    bad: int
    resumed: int
    seconds: float
    absent: tuple[str, ...] = ()
    empty: int = 0

    @property
    def speed(self) -> float:
        """Rows per second of this run."""
        return (self.rows + self.bad - self.resumed) / max(self.seconds, 1e-9)


def run_batch(job: BatchJob, *, show_progress: bool = True) -> BatchResult:
    """Tags all rows of a file.

    Every chunk is written to a hidden folder next to the output. When all are finished, they are joined under another
    name and renamed: the output is complete or not there.

    Args:
        job: the files and options.
        show_progress: whether to report on standard error.

    Raises:
        NerError: the job cannot start or finish; finished chunks are kept for `--resume`.
    """
    kind = job.check()
    source = Source(job.input, job.fields, job.quoting)
    task = Task(
        model=job.model,
        signature=job.signature,
        kind=source.kind,
        header=tuple(source.header),
        quoting=source.quoting,
        fields=job.fields,
        format=job.format,
        output_kind=kind,
        with_tokens=job.with_tokens,
    )
    return _Run(job, source, task, show_progress).run()


class _Run:
    """State of one run of a job."""

    def __init__(self, job: BatchJob, source: Source, task: Task, show_progress: bool) -> None:
        self._job, self._source, self._task, self._show = job, source, task, show_progress
        self._count = self._streamed = self._rows = self._bad = self._empty = self._resumed = 0
        self._kinds: dict[str, set[str]] = {}
        self._absent = dict.fromkeys(job.fields.forward)

    def run(self) -> BatchResult:
        job = self._job
        with self._folder() as folder:
            shards = Shards(folder)
            with shards.open(self._identity(), job.resume):
                progress = Progress(self._source.total, shown=self._show)
                try:
                    self._tag(shards, progress)
                except BaseException:
                    if not job.resumable or not shards.any():
                        shards.remove()  # it cannot be continued, and would be in the way of the next start
                    raise
                finally:
                    progress.close()
                with interruption.postponed():  # seconds; a kill is harmless
                    if job.errors is not None:
                        write_errors(Path(job.errors), shards, self._count)
                    if job.output != STANDARD:
                        kinds = {name: sorted(seen) for name, seen in self._kinds.items()}
                        write_output(Path(job.output), shards, self._count, self._task, kinds, job.input)
                shards.remove()
        absent = tuple(self._absent) if self._rows else ()
        return BatchResult(self._rows, self._bad, self._resumed, progress.seconds, absent, self._empty)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        if self._job.output != STANDARD:
            yield self._job.state_folder
            return
        with tempfile.TemporaryDirectory(prefix="ner-batch-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def _identity(self) -> dict[str, Any]:
        job = self._job
        options = {
            "text": job.fields.text, "key": job.fields.key, "forward": list(job.fields.forward), "format": job.format,
            "signature": job.signature, "tokens": job.with_tokens, "output": self._task.output_kind,
            "quoting": self._task.quoting,
            "packed": job.output.endswith(".gz"), "rows": [CHUNK_ROWS, CHUNK_BYTES, BATCH_ROWS], "version": _VERSION,
        }  # fmt: skip
        source = self._source.identity() if job.input != STANDARD else {}
        return {"input": source, "model": tree_hash(job.model), "options": json.loads(json.dumps(options))}

    def _tag(self, shards: Shards, progress: Progress) -> None:
        packed = self._job.output.endswith(".gz")
        with Pool(self._task, shards, packed, self._job.workers) as pool:
            for chunk, info in pool.run(self._unfinished(shards, progress)):
                self._collect(chunk, info, shards)  # first, since it may stop the job
                progress.advance(info.rows + info.bad, chunk.position)

    def _unfinished(self, shards: Shards, progress: Progress) -> Iterator[Chunk]:
        """Yields the chunks that no earlier run has finished."""
        for chunk in self._source.chunks():
            self._count = chunk.index + 1
            content = shards.read(chunk.index) if self._job.resume else None
            if content is None:
                yield chunk
                continue
            info = content[0]
            if info.digest != chunk.digest:
                raise BatchError(
                    f"{self._source.name}: rows {chunk.first:,} to {chunk.last:,} changed since the job started. "
                    f"Restore the file, or remove {shards.folder} to start again."
                )
            self._resumed += info.rows + info.bad
            self._collect(chunk, info, shards)
            progress.skip(info.rows + info.bad, chunk.position)

    def _collect(self, chunk: Chunk, info: ShardInfo, shards: Shards) -> None:
        """Counts a finished chunk, and stops at a bad row if nobody wants to know them all."""
        job = self._job
        if chunk.index == 0:
            self._check_fields(info, shards)
        if info.first_bad and job.errors is None:
            number, reason = info.first_bad
            advice = " (then --resume keeps the finished parts)" if job.resumable else ""
            where, remedy = f"{self._source.name}:{number}", row_remedy(self._source.path, reason)
            raise BatchError(f"{where}: {reason}. {remedy} add --errors FILE to go on without such rows{advice}.")
        self._rows += info.rows
        self._bad += info.bad
        self._empty += info.empty
        for name in [name for name in self._absent if info.present.get(name)]:
            del self._absent[name]
        for name, seen in info.kinds.items():
            self._kinds.setdefault(name, set()).update(seen)
        if job.output == STANDARD:
            self._stream(shards)
        elif job.resumable:
            done = self._rows + self._bad
            interruption.advise(f" after {done:,} rows. The same command with --resume continues.")

    def _check_fields(self, info: ShardInfo, shards: Shards) -> None:
        """Checks that the first chunk has text and key: a wrong name concerns every row. Other fields may come later.

        Raises:
            BatchError: one is missing; nothing is kept, because the options must change.
        """
        fields = self._job.fields
        lacking = fields.lacking(info.names) if info.names and not info.rows else None
        if lacking is not None:
            for file in shards.folder.glob("*.shard"):
                file.unlink()
            raise BatchError(fields.missing(self._source.name, lacking, info.names))
        for name in self._absent if info.rows and self._show else ():
            if not info.present.get(name):
                text = fields.missing(self._source.name, name, info.names).partition(". ")[0]
                print(f"note: {text}, as far as row {info.rows + info.bad:,}. The job goes on.", file=sys.stderr)

    def _stream(self, shards: Shards) -> None:
        """Prints finished chunks before which all others are finished."""
        while (content := shards.read(self._streamed)) is not None:
            sys.stdout.buffer.write(content[1])
            sys.stdout.buffer.flush()
            # The errors are joined at the end.
            shards.drop_output(content[0], content[2])
            self._streamed += 1


def describe(result: BatchResult, job: BatchJob) -> str:
    """Returns the lines with which a job ends."""
    if not result.rows + result.bad:
        name = "standard input" if job.input == STANDARD else job.input
        return f"warning: {name} has no row, so the output is empty. Check the input."
    text = f"{counted(result.rows, 'row')} tagged"
    if result.bad:
        text += f", {result.bad:,} in {job.errors}"
    if result.resumed:
        text += f"; {result.resumed:,} of them were done before"
    if result.seconds >= 1 and result.speed >= _LEAST_RATE:
        text += f" ({result.speed:,.0f} rows/s)"
    if result.empty:
        text += f"\nnote: {counted(result.empty, 'row')} with an empty text"
    if result.absent:
        text += f"\n{describe_absent(result.absent)}"
    return text


def describe_absent(names: Iterable[str]) -> str:
    """Returns the line about fields to forward that no row has."""
    shown = ", ".join(map(quoted, names))
    return f"no row has {shown}: the output is complete, without it. Correct --forward if the name is wrong."
