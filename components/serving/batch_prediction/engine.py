"""The same job as a Beam pipeline: RunInference with a model handler over TensorFlow's C API.

One worker reads a file from beginning to end, so that every row has its number, and gives parts of it to the others. A
Parquet file is read by row groups. Beam does not keep the order of rows, so the keys say which is which. The output
has one file for each shard of the runner, and errors go to one file. Only this module imports Beam.
"""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.io.fileio import MatchFiles
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics, MetricsFilter
from apache_beam.ml.inference.base import KeyedModelHandler, ModelHandler, RunInference
from apache_beam.pvalue import AsSingleton, TaggedOutput
from apache_beam.transforms.combiners import ToListCombineFn

from components.common.beam_arguments import make_pipeline
from components.common.faults import explain
from components.serving.batch_prediction import sources
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import (
    BRAT,
    DELIMITERS,
    PARQUET,
    STANDARD,
    TEXT,
    input_kind,
    output_kind,
)
from components.serving.batch_prediction.job import BatchJob, BatchResult, check_tokens
from components.serving.batch_prediction.parquet_output import GROUP_ROWS, ParquetLayout
from components.serving.batch_prediction.rows import Row, parse
from components.serving.batch_prediction.sources import row_remedy
from components.serving.batch_prediction.tagging import ChunkTagger, Task, kinds_of, table_header

_MIN_BATCH, _MAX_BATCH = 64, 2048
_NAMESPACE, _ROWS, _BAD, _EMPTY, _HAS = "ner_predict", "rows", "bad_rows", "empty_rows", "has_"
_ERRORS, _KINDS = "errors", "kinds"
_TEMPORARY = "beam-temp-"  # as Beam names the folders in which it writes shards


class TaggerHandler(ModelHandler[Row, Any, ChunkTagger]):
    """Loads the model in a worker and tags batches of rows; the result of a row is a line, or a `BadRow`.

    tests/components/serving/batch_prediction/test_engine.py shows it at work.
    """

    def __init__(self, task: Task) -> None:
        """Stores the task; the model is loaded where it is used."""
        super().__init__()
        self._task = task

    def load_model(self) -> ChunkTagger:
        """Loads the model from the folder, which all workers see."""
        return ChunkTagger(self._task)

    def run_inference(
        self, batch: Sequence[Row], model: ChunkTagger, inference_args: Mapping[str, Any] | None = None
    ) -> Iterable[Any]:
        """Tags rows."""
        return model.lines(list(batch))

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """Returns the sizes of batches: large ones, which `lines` sorts by length and cuts to requests."""
        return {"min_batch_size": _MIN_BATCH, "max_batch_size": _MAX_BATCH}


@dataclasses.dataclass(frozen=True)
class _Part:
    """Rows of a file, as `rows.parse` takes them."""

    path: str
    kind: str
    header: list[str]
    quoting: str | None
    payload: Any


class _Read(beam.DoFn):
    """Reads the rows of a file."""

    def __init__(self, task: Task) -> None:
        self._kind, self._fields, self._quoting = task.kind, task.fields, task.quoting

    def process(self, path: str) -> Iterator[_Part]:
        header: list[str] = []
        kind, quoting = self._kind, self._quoting
        if kind in DELIMITERS:
            with _opened(path, kind) as file:
                kind, quoting = sources.detect_table(file, kind, quoting)
            with _opened(path, kind) as file:
                header = sources.header_of(sources.read_cells(file, kind, quoting), path)
        if kind == TEXT or (kind in DELIMITERS and self._fields.lacking(header) is not None):
            with _opened(path, kind) as file:
                sources.refuse_labelled(file, path)
        if kind in DELIMITERS:
            sources.require_columns(header, self._fields, path)
        with _opened(path, kind) as file:
            for rows in sources.chunks_of(file, kind, quoting, path):
                yield _Part(path, kind, header, quoting, rows)


class _ReadGroup(beam.DoFn):
    """Reads a row group of a Parquet file: (path, number of the group, number of its first row)."""

    def __init__(self, task: Task, schema: Any) -> None:
        self._columns = None if task.fields.all else list(task.fields.named)
        self._fields, self._schema = task.fields, schema

    def process(self, group: tuple[str, int, int]) -> Iterator[_Part]:
        path, index, first = group
        with _parquet(path) as file:
            schema = file.schema_arrow
            sources.require_columns(schema.names, self._fields, path)
            for name in self._fields.kept if self._schema is not None else ():
                if schema.field(name).type != (kind := self._schema.field(name).type):
                    raise BatchError(
                        f"{path}: column {name!r} is {schema.field(name).type}, in another file it is {kind}. Convert "
                        "it, or give --output FILE.jsonl."
                    )
            batches = file.iter_batches(batch_size=sources.CHUNK_ROWS, columns=self._columns, row_groups=[index])
            for batch in batches:
                yield _Part(path, PARQUET, [], None, (first, batch))
                first += batch.num_rows


def _groups_of(path: str) -> Iterator[tuple[str, int, int]]:
    with _parquet(path) as file:
        first = 1
        for index in range(file.num_row_groups):
            yield path, index, first
            first += file.metadata.row_group(index).num_rows


@contextlib.contextmanager
def _opened(path: str, kind: str) -> Iterator[Any]:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
        yield sources.unpacked(raw, path, kind, path)


@contextlib.contextmanager
def _parquet(path: str) -> Iterator[Any]:
    import pyarrow

    parquet = sources.import_parquet("--input")
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
        try:
            yield parquet.ParquetFile(raw)
        except pyarrow.ArrowException as error:
            raise BatchError(f"{path}: is not a Parquet file, or damaged ({error}). Restore it.") from error


class _Parse(beam.DoFn):
    """Parses rows: ((path, columns to copy), row); those that cannot be read are errors already."""

    def __init__(self, task: Task, copies: bool) -> None:
        self._task, self._copies, self._empty = task, copies, Metrics.counter(_NAMESPACE, _EMPTY)
        self._has = {
            name: Metrics.counter(_NAMESPACE, f"{_HAS}{index}") for index, name in enumerate(task.fields.forward)
        }

    def process(self, part: _Part) -> Iterator[Any]:
        task = self._task
        rows = []
        for row in parse(part.kind, part.payload, task.fields, part.header, part.quoting):
            if not isinstance(row, Row):
                yield TaggedOutput(_ERRORS, ((part.path, None), row))
                continue
            rows.append(row)
            yield (part.path, self._copied(part, row) if self._copies else None), row
        self._empty.inc(sum(row.is_empty for row in rows))
        for name, counter in self._has.items():
            if count := sum(name in row.members or name in task.fields.required for row in rows):
                counter.inc(count)
        if task.output_kind == PARQUET:
            yield TaggedOutput(_KINDS, kinds_of(rows, task.fields.kept))

    def _copied(self, part: _Part, row: Row) -> bytes:
        """Returns the columns to copy of one row, which keep their types."""
        import pyarrow

        first, batch = part.payload
        table = pyarrow.Table.from_batches([batch.slice(row.number - first, 1)]).select(list(self._task.fields.kept))
        sink = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())


class _Split(beam.DoFn):
    """Separates lines from errors, counts both, and stops at an error if nobody collects them."""

    def __init__(self, task: Task, collects: bool) -> None:
        self._task, self._collects = task, collects
        self._rows, self._bad = Metrics.counter(_NAMESPACE, _ROWS), Metrics.counter(_NAMESPACE, _BAD)

    def process(self, keyed: Any) -> Iterator[Any]:
        (path, copied), result = keyed
        if isinstance(result, str):
            self._rows.inc()
            line = result.removesuffix("\n")
            yield (line.partition("\t")[2], copied) if self._task.output_kind == PARQUET else line
            return
        if not self._collects:
            remedy = row_remedy(path, result.reason)
            raise BatchError(
                f"{path}:{result.number}: {result.reason}. {remedy} add --errors FILE to go on without such rows."
            )
        self._bad.inc()
        yield TaggedOutput(_ERRORS, result.report(path).removesuffix("\n"))


class _UniteKinds(beam.CombineFn):
    """Kinds of all parts."""

    def create_accumulator(self) -> dict[str, set[str]]:
        return {}

    def add_input(self, united: dict[str, set[str]], kinds: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
        for name, seen in kinds.items():
            united.setdefault(name, set()).update(seen)
        return united

    def merge_accumulators(self, parts: Iterable[dict[str, set[str]]]) -> dict[str, set[str]]:
        united: dict[str, set[str]] = {}
        for part in parts:
            self.add_input(united, part)
        return united

    def extract_output(self, united: dict[str, set[str]]) -> dict[str, set[str]]:
        return united


class _WriteParquet(beam.PTransform):
    """Writes (JSON object, columns to copy) to shards, under other names; then renames them.

    Beam's own writer needs the types of the columns before it sees a row.
    """

    def __init__(self, output: str, task: Task, schema: Any, kinds: Any) -> None:
        super().__init__()
        folder, name = os.path.split(_split_name(output)[0])
        self._folder = FileSystems.join(folder, f"{_TEMPORARY}{name}-{uuid.uuid4().hex}")
        self._output, self._task, self._schema, self._kinds = output, task, schema, kinds

    def expand(self, rows: Any) -> Any:
        begin = rows.pipeline | "Begin" >> beam.Create([self._folder]) | beam.FlatMap(_make_folder)
        shards = rows | "Write shards" >> beam.ParDo(
            _WriteShard(self._task, self._schema), AsSingleton(begin), AsSingleton(self._kinds)
        )
        return (
            shards
            | beam.CombineGlobally(ToListCombineFn())
            | beam.ParDo(_finish_shards, self._output, AsSingleton(begin))
        )


def _make_folder(folder: str) -> Iterator[str]:
    if not FileSystems.exists(folder):
        FileSystems.mkdirs(folder)
    yield folder


class _WriteShard(beam.DoFn):
    """Writes a file per bundle, and yields its path."""

    def __init__(self, task: Task, schema: Any) -> None:
        self._task, self._schema = task, schema

    def start_bundle(self) -> None:
        self._rows: list[tuple[str, bytes | None]] = []
        self._layout: ParquetLayout | None = None
        self._path = ""

    def process(self, row: tuple[str, bytes | None], folder: str, kinds: Mapping[str, Iterable[str]]) -> None:
        if self._layout is None:
            answer = json.loads(row[0])
            self._layout = ParquetLayout(self._task, kinds, "outputs" in answer, self._schema)  # type: ignore[arg-type]
            self._path = FileSystems.join(folder, f"{uuid.uuid4().hex}.parquet")
            self._file = FileSystems.create(self._path, compression_type=CompressionTypes.UNCOMPRESSED)
            self._writer = self._layout.writer(self._file)
        self._rows.append(row)
        if len(self._rows) == GROUP_ROWS:
            self._write()

    def _write(self) -> None:
        assert self._layout is not None, "a row has opened the file"
        texts = [text for text, _ in self._rows]
        copied = None if self._schema is None else _united([content for _, content in self._rows if content])
        self._writer.write_table(self._layout.table(texts, copied))
        self._rows = []

    def finish_bundle(self) -> Iterator[Any]:
        if self._layout is not None:
            if self._rows:
                self._write()
            self._writer.close()
            self._file.close()
            yield beam.transforms.window.GlobalWindows.windowed_value(self._path)


def _united(contents: Sequence[bytes]) -> dict[str, Any]:
    import pyarrow

    table = pyarrow.concat_tables([pyarrow.ipc.open_stream(content).read_all() for content in contents])
    return {name: table.column(name) for name in table.column_names}


def _finish_shards(paths: list[str], output: str, folder: str) -> Iterator[str]:
    prefix, suffix = _split_name(output)
    for index, path in enumerate(sorted(paths)):
        target = f"{prefix}-{index:05d}-of-{len(paths):05d}{suffix}"
        if FileSystems.exists(path):  # else an earlier try has renamed it
            FileSystems.rename([path], [target])
        yield target
    if FileSystems.exists(folder):
        FileSystems.delete([folder])


def run_on_engine(job: BatchJob, beam_args: Sequence[str]) -> BatchResult:
    """Runs a job as a Beam pipeline.

    Args:
        job: input and output may be patterns and addresses that Beam's file systems know; `workers` is the runner's
            business.
        beam_args: arguments of Beam, with the runner.

    Raises:
        NerError: the job cannot run on an engine, or it failed.
    """
    task = _task(job)
    start = time.monotonic()
    pipeline = make_pipeline(beam_args, "ner predict")
    inputs = _inputs(job.input)
    schema = _check_files(job, task, inputs)
    logging.getLogger("apache_beam.runners.common").setLevel(
        logging.CRITICAL
    )  # it would print tracebacks of our errors
    before = _temporary_folders(job)
    try:
        _build(pipeline, job, task, schema)
        result = pipeline.run()
        result.wait_until_finish()
    except BaseException as error:
        _remove(_temporary_folders(job) - before)
        explanation = explain(error) if isinstance(error, Exception) else None
        if explanation is None:
            raise
        raise type(explanation)(re.sub(r"( \[while running '[^']*'\])+$", "", str(explanation))) from error
    counts = {name: _count(result, name) for name in (_ROWS, _BAD, _EMPTY)}
    absent = [name for index, name in enumerate(job.fields.forward) if not _count(result, f"{_HAS}{index}")]
    return BatchResult(
        counts[_ROWS],
        counts[_BAD],
        0,
        time.monotonic() - start,
        tuple(absent) if counts[_ROWS] else (),
        counts[_EMPTY],
    )


def _task(job: BatchJob) -> Task:
    kind, output_type = input_kind(job.input), output_kind(job.output, job.format)
    job.fields.check(job.format, job.with_tokens, output_type)
    check_tokens(job, output_type)
    sources.check_quoting(kind, job.quoting, job.input)
    if STANDARD in (job.input, job.output, str(job.errors)):
        raise BatchError("--runner: reads and writes files in parts. Give addresses instead of -.")
    if job.resume:
        raise BatchError("--resume: a runner repeats failed parts by itself. Leave it out.")
    if output_type == BRAT:
        raise BatchError(
            "--format brat: is one document, whose offsets need the order of rows, which a runner does not keep. Use "
            "--format doccano, or leave out --runner."
        )
    if PARQUET in (kind, output_type):
        sources.import_parquet("--runner")
    return Task(
        model=job.model.absolute(),
        signature=job.signature,
        kind=kind,
        header=(),
        quoting=job.quoting,
        fields=job.fields,
        format=job.format,
        output_kind=output_type,
        with_tokens=job.with_tokens,
        threads=1,
    )


def _inputs(pattern: str) -> list[str]:
    try:
        (matches,) = FileSystems.match([pattern])
    except (BeamIOError, ValueError) as error:
        raise BatchError(f"--input {pattern}: cannot be read ({error}). Check the address and the rights.") from error
    if not matches.metadata_list:
        raise BatchError(f"--input {pattern}: no file has such a name. Check the path or the pattern.")
    return sorted(metadata.path for metadata in matches.metadata_list)


def _check_files(job: BatchJob, task: Task, inputs: list[str]) -> Any:
    """Checks the outputs, and returns the schema of a Parquet input whose columns a Parquet output repeats.

    Raises:
        BatchError: an output cannot be written, or would replace or join other files.
    """
    for option, path in [("--output", job.output), *([("--errors", str(job.errors))] if job.errors else [])]:
        try:
            FileSystems.get_filesystem(path)
        except ValueError as error:
            raise BatchError(f"{option} {path}: cannot be written ({error}). Correct the address.") from error
        if "://" not in path and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            raise BatchError(f"{option} {path}: its folder does not exist. Create it first.")
        if any(path == each or os.path.realpath(path) == os.path.realpath(each) for each in inputs):
            raise BatchError(f"{option} {path}: is also --input. Give another file.")
    prefix, suffix = _split_name(job.output)
    (shards,) = FileSystems.match([f"{prefix}-*-of-*{suffix}"])
    if shards.metadata_list:
        raise BatchError(
            f"--output {job.output}: there are shards of an earlier job, such as {shards.metadata_list[0].path}. "
            "Remove them, or give another name."
        )
    if task.kind == PARQUET == task.output_kind and task.fields.kept:
        with _parquet(inputs[0]) as file:
            sources.require_columns(file.schema_arrow.names, task.fields, inputs[0])
            return file.schema_arrow
    return None


def _build(pipeline: beam.Pipeline, job: BatchJob, task: Task, schema: Any) -> None:
    paths = pipeline | MatchFiles(job.input) | beam.Map(lambda metadata: metadata.path)
    if task.kind == PARQUET:
        paths |= "Groups" >> beam.FlatMap(_groups_of)
    reader = _ReadGroup(task, schema) if task.kind == PARQUET else _Read(task)
    parsed = (
        paths
        | "Share files" >> beam.Reshuffle()
        | "Read" >> beam.ParDo(reader)
        | "Share rows" >> beam.Reshuffle()
        | "Parse" >> beam.ParDo(_Parse(task, schema is not None)).with_outputs(_ERRORS, _KINDS, main=_ROWS)
    )
    tagged = parsed[_ROWS] | "Tag" >> RunInference(KeyedModelHandler(TaggerHandler(task)))
    results = (
        (tagged, parsed[_ERRORS])
        | "Join" >> beam.Flatten()
        | "Split" >> beam.ParDo(_Split(task, job.errors is not None)).with_outputs(_ERRORS, main=_ROWS)
    )
    if task.output_kind == PARQUET:
        kinds = parsed[_KINDS] | "Kinds" >> beam.CombineGlobally(_UniteKinds())
        results[_ROWS] | "Write" >> _WriteParquet(job.output, task, schema, kinds)
    else:
        prefix, suffix = _split_name(job.output)
        header = table_header(task).removesuffix("\n") or None
        results[_ROWS] | "Write" >> beam.io.WriteToText(prefix, file_name_suffix=suffix, header=header)
    if job.errors is not None:
        results[_ERRORS] | "Write errors" >> beam.io.WriteToText(str(job.errors), num_shards=1, shard_name_template="")


def _temporary_folders(job: BatchJob) -> set[str]:
    """Returns the folders in which runs write shards of this output and these errors; of an object store the files."""
    folders: set[str] = set()
    for path in [_split_name(job.output)[0], *([str(job.errors)] if job.errors else [])]:
        folder, name = os.path.split(path)
        if "://" in path:
            (match,) = FileSystems.match([FileSystems.join(folder, f"{_TEMPORARY}{name}-**")])
            folders |= {metadata.path for metadata in match.metadata_list}
        else:
            folders |= {*map(str, Path(folder or ".").glob(f"{_TEMPORARY}{glob.escape(name)}-*"))}
    return folders


def _remove(paths: set[str]) -> None:
    for path in paths:
        try:
            FileSystems.delete([path])
        except BeamIOError as error:  # the first error is the one to show
            logging.getLogger(__name__).warning("%s: cannot be removed (%s).", path, error)


def _split_name(output: str) -> tuple[str, str]:
    """Returns what stands before and after the number of a shard.

    Example:
        >>> _split_name("gs://bucket/out.jsonl.gz")
        ('gs://bucket/out', '.jsonl.gz')
    """
    packed = ".gz" if output.endswith(".gz") else ""
    prefix, suffix = os.path.splitext(output.removesuffix(".gz"))
    return prefix, suffix + packed


def _count(result: Any, name: str) -> int:
    counters = result.metrics().query(MetricsFilter().with_namespace(_NAMESPACE).with_name(name))["counters"]
    return sum(counter.committed if counter.committed is not None else counter.attempted for counter in counters)
