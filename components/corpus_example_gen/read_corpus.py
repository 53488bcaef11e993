"""The Beam transform that reads the corpus files of one split."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import apache_beam as beam
import tensorflow as tf
from absl import logging
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from tfx.dsl.io import fileio

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.example import KeyMaker, to_example
from components.corpus_example_gen.plan import IngestConfig
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file


@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(tf.train.Example)
class ReadCorpus(beam.PTransform):
    """Reads the files that patterns match: pipeline in, `tf.train.Example`s out, one a sentence."""

    def __init__(self, input_base: str, patterns: Sequence[str], config: IngestConfig, reports: ReportFolder) -> None:
        """Names the files.

        Args:
            input_base: the corpus folder.
            patterns: files relative to it; the last pattern, that of the newest span, must match some.
            config: how they are read.
            reports: gets the report, or the error, of each file.
        """
        super().__init__()
        self._base, self._patterns, self._config, self._reports = input_base, list(patterns), config, reports

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Builds the transform.

        Raises:
            CorpusError: no file matches.
        """
        matches = {pattern: sorted(fileio.glob(os.path.join(self._base, pattern))) for pattern in self._patterns}
        newest = self._patterns[-1]
        if not matches[newest]:
            fix = "Check the folder and [corpus -> splits]; a path must not hold the wildcards * ? [ ] itself."
            raise CorpusError(os.path.join(self._base, newest), None, "matches no file", fix)
        for pattern in (pattern for pattern, files in matches.items() if not files):
            logging.warning("%s matches no file; that span has no part in this split", pattern)
        files = [file for found in matches.values() for file in found]
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
        report, keys = IngestReport(), KeyMaker(source)
        try:
            with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
                data = file.read()
            for sentence in read_corpus_file(path, self._config.options, report, data):
                yield to_example(sentence, keys.make(sentence), source, self._config.metadata_columns)
        except CorpusError as error:
            self._reports.write_error(source, error)
            return
        self._reports.write_report(source, report)
