"""The same job as a Beam pipeline: RunInference with a model handler over TensorFlow's C API.

Beam does not keep the order of rows, so the keys say which is which. The output has one file for each shard of the
runner, and errors go to one file. Only this module imports Beam.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.io.fileio import MatchFiles, ReadMatches
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics, MetricsFilter
from apache_beam.ml.inference.base import ModelHandler, RunInference
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from components.common.errors import NerError
from components.common.faults import explain
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import (
    BRAT,
    CSV,
    JSON_LINES,
    PARQUET,
    STANDARD,
    TFRECORD,
    TSV,
    Fields,
    input_kind,
    output_kind,
)
from components.serving.batch_prediction.job import BatchJob, BatchResult
from components.serving.batch_prediction.rows import Row, parse
from components.serving.batch_prediction.sources import header_of, read_cells
from components.serving.batch_prediction.tagging import ChunkTagger, Task

_MIN_BATCH, _MAX_BATCH = 64, 2048
_NAMESPACE, _ROWS, _BAD = "ner_predict", "rows", "bad_rows"
_ERRORS = "errors"


class TaggerHandler(ModelHandler[Row, Any, ChunkTagger]):
    """Loads the model in a worker and tags batches of rows; the result of a row is a line, or a `BadRow`.

    tests/components/serving/batch_prediction/test_engine.py shows it at work.
    """

    def __init__(self, task: Task) -> None:
        """Stores the task; the model is loaded where it is used."""
        super().__init__()
        self._task = task

    def load_model(self) -> ChunkTagger:
        """Loads the model, from a copy if it lies in an object store."""
        if "://" not in str(self._task.model):
            return ChunkTagger(self._task)
        raise NerError(f"{self._task.model}: workers read the model as a folder. Give a folder that they all see.")

    def run_inference(
        self, batch: Sequence[Row], model: ChunkTagger, inference_args: Mapping[str, Any] | None = None
    ) -> Iterable[Any]:
        """Tags rows."""
        return model.lines(list(batch))

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """Returns the sizes of batches: large ones, which `lines` sorts by length and cuts to requests."""
        return {"min_batch_size": _MIN_BATCH, "max_batch_size": _MAX_BATCH}


class _Parse(beam.DoFn):
    """Parses records; those that cannot be read are errors already."""

    def __init__(self, kind: str, fields: Fields) -> None:
        self._kind, self._fields = kind, fields

    def process(self, record: Any) -> Iterator[Any]:
        header: list[str] = []
        payload: Any = [(0, record)]
        if self._kind in (CSV, TSV):
            header, cells = record
            payload = [(0, cells)]
        elif self._kind == PARQUET:
            payload = (0, [record])
        for row in parse(self._kind, payload, self._fields, header):
            yield row if isinstance(row, Row) else beam.pvalue.TaggedOutput(_ERRORS, row)


class _Split(beam.DoFn):
    """Separates lines from errors, counts both, and stops at an error if nobody collects them."""

    def __init__(self, source: str, collects: bool) -> None:
        self._source, self._collects = source, collects
        self._rows, self._bad = Metrics.counter(_NAMESPACE, _ROWS), Metrics.counter(_NAMESPACE, _BAD)

    def process(self, result: Any) -> Iterator[Any]:
        if isinstance(result, str):
            self._rows.inc()
            yield result.removesuffix("\n")
            return
        if not self._collects:
            raise BatchError(
                f"{self._source}: {result.reason} (row {result.report().strip()[:200]}). Correct the row, or add "
                "--errors FILE to go on without such rows."
            )
        self._bad.inc()
        yield beam.pvalue.TaggedOutput(_ERRORS, result.report().removesuffix("\n"))


def run_on_engine(job: BatchJob, beam_args: Sequence[str]) -> BatchResult:
    """Runs a job as a Beam pipeline.

    Args:
        job: input and output may be patterns and addresses that Beam's file systems know; `workers` is the runner's
            business.
        beam_args: arguments of Beam, with the runner.

    Raises:
        NerError: the job cannot run on an engine, or it failed.
    """
    kind, output_type = input_kind(job.input), output_kind(job.output, job.format)
    job.fields.check(job.format, job.with_tokens)
    if STANDARD in (job.input, job.output) or job.resume or output_type in (PARQUET, BRAT):
        raise BatchError(
            f"--runner: reads and writes files in parts, and output of the kind {output_type} or standard input and "
            "output have none; --resume is the runner's business. Give --output FILE.jsonl, and leave out --resume."
        )
    task = Task(
        job.model.absolute(), job.signature, kind, (), job.fields, job.format, output_type, job.with_tokens, threads=1
    )
    start = time.monotonic()
    _require_files(job.input)
    logging.getLogger("apache_beam.runners.common").setLevel(
        logging.CRITICAL
    )  # it would print tracebacks of our errors
    try:
        pipeline = _pipeline(beam_args)
        _build(pipeline, job, kind, task)
        result = pipeline.run()
        result.wait_until_finish()
    except Exception as error:
        explanation = explain(error)
        if explanation is None:
            raise
        raise type(explanation)(re.sub(r"( \[while running '[^']*'\])+$", "", str(explanation))) from error
    rows, bad = (_count(result, name) for name in (_ROWS, _BAD))
    return BatchResult(rows, bad, 0, time.monotonic() - start)


def _pipeline(beam_args: Sequence[str]) -> beam.Pipeline:
    options = PipelineOptions(list(beam_args))
    try:
        return beam.Pipeline(options=options)
    except (ValueError, ImportError, AttributeError) as error:  # Beam imports a runner by its name
        name = options.view_as(StandardOptions).runner
        raise BatchError(f"--runner {name}: {error}. Correct the name, or the options of the runner.") from error


def _require_files(pattern: str) -> None:
    try:
        (matches,) = FileSystems.match([pattern])
    except (BeamIOError, ValueError) as error:
        raise BatchError(f"--input {pattern}: cannot be read ({error}). Check the address and the rights.") from error
    if not matches.metadata_list:
        raise BatchError(f"--input {pattern}: no file has such a name. Check the path or the pattern.")


def _build(pipeline: beam.Pipeline, job: BatchJob, kind: str, task: Task) -> None:
    parsed = (
        pipeline
        | "Read" >> _Read(job.input, kind, job.fields)
        | "Parse" >> beam.ParDo(_Parse(kind, job.fields)).with_outputs(_ERRORS, main=_ROWS)
    )
    tagged = parsed[_ROWS] | "Tag" >> RunInference(TaggerHandler(task))
    results = (
        (tagged, parsed[_ERRORS])
        | "Join" >> beam.Flatten()
        | "Split" >> beam.ParDo(_Split(job.input, job.errors is not None)).with_outputs(_ERRORS, main=_ROWS)
    )
    prefix, suffix = _split_name(job.output)
    results[_ROWS] | "Write" >> beam.io.WriteToText(prefix, file_name_suffix=suffix)
    if job.errors is not None:
        results[_ERRORS] | "Write errors" >> beam.io.WriteToText(str(job.errors), num_shards=1, shard_name_template="")


class _Read(beam.PTransform):
    """Records of the files that match a pattern."""

    def __init__(self, pattern: str, kind: str, fields: Fields) -> None:
        super().__init__()
        self._pattern, self._kind, self._fields = pattern, kind, fields

    def expand(self, begin: Any) -> Any:
        if self._kind == JSON_LINES:
            return begin | beam.io.ReadFromText(self._pattern, coder=BytesCoder())
        if self._kind == TFRECORD:
            return begin | beam.io.ReadFromTFRecord(self._pattern)
        if self._kind == PARQUET:
            columns = None if self._fields.all else list(self._fields.named)
            return begin | beam.io.ReadFromParquet(self._pattern, columns=columns)
        return (
            begin
            | MatchFiles(self._pattern)
            | ReadMatches()
            | beam.Reshuffle()
            | beam.FlatMap(_cells_of_file, self._kind, self._fields)
        )


def _cells_of_file(readable: Any, kind: str, fields: Fields) -> Iterator[tuple[list[str], list[str]]]:
    with readable.open() as file:
        cells = read_cells(file, kind)
        header = header_of(cells, readable.metadata.path)
        for name in fields.named:
            if name not in header:
                raise BatchError(fields.missing(readable.metadata.path, name, header))
        for _, row in cells:
            yield header, row


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
