"""The Beam transform that reads the corpus files of one split."""

from __future__ import annotations

import os
from collections.abc import Iterator

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from tfx.dsl.io import fileio

from components.ingest.corpus_error import CorpusError
from components.ingest.corpus_reader import read_corpus_file
from components.ingest.example import to_example
from components.ingest.ingest_config import IngestConfig
from components.ingest.key_maker import KeyMaker
from components.ingest.report import Report
from components.ingest.report_folder import ReportFolder


@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(tf.train.Example)
class ReadCorpus(beam.PTransform):
    """Reads the files that a pattern matches: pipeline in, `tf.train.Example`s out, one a sentence."""

    def __init__(self, input_base: str, pattern: str, config: IngestConfig, reports: ReportFolder) -> None:
        """Names the files.

        Args:
            input_base: the corpus folder.
            pattern: files relative to it.
            config: how they are read.
            reports: gets the report, or the error, of each file.
        """
        super().__init__()
        self._base, self._pattern, self._config, self._reports = input_base, pattern, config, reports

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Builds the transform.

        Raises:
            CorpusError: no file matches.
        """
        files = sorted(fileio.glob(os.path.join(self._base, self._pattern)))
        if not files:
            fix = "Check the folder and [corpus -> splits]; a path must not hold the wildcards * ? [ ] itself."
            raise CorpusError(os.path.join(self._base, self._pattern), None, "matches no file", fix)
        return (
            pipeline
            | "Files" >> beam.Create(files)
            | "OneFileAWorker" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadFile(self._base, self._config, self._reports))
        )


@beam.typehints.with_input_types(str)
@beam.typehints.with_output_types(tf.train.Example)
class _ReadFile(beam.DoFn):
    """Reads one file; an error of the corpus ends it and goes into the report folder, where the executor finds it."""

    def __init__(self, base: str, config: IngestConfig, reports: ReportFolder) -> None:
        super().__init__()
        self._base, self._config, self._reports = base, config, reports

    def process(self, path: str) -> Iterator[tf.train.Example]:
        source = os.path.relpath(path, self._base).replace(os.sep, "/")
        report, keys = Report(), KeyMaker(source)
        try:
            with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
                data = file.read()
            for sentence in read_corpus_file(path, self._config.options, report, data):
                yield to_example(sentence, keys.make(sentence), source, self._config.metadata_columns)
        except CorpusError as error:
            self._reports.write_error(source, error)
            return
        self._reports.write_report(source, report)
