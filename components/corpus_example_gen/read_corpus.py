"""Beam transform that reads the corpus files of one split."""

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
from components.corpus_example_gen.corpus.layout import matching, no_file_matches
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.example import KeyMaker, to_example
from components.corpus_example_gen.file_content import FileContent, read_chunks
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.settings import CorpusSettings


def matching_files(base: str, pattern: str) -> list[str]:
    """Returns the files that match a pattern, sorted; in a local folder `**` stands for any number of folders."""
    if os.path.isdir(base):
        return [str(path) for path in matching(base, pattern)]
    return sorted(fileio.glob(os.path.join(base, pattern)))


@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(tuple[bytes, tf.train.Example])
class ReadCorpus(beam.PTransform):
    """Reads all files that match the patterns, and returns (division key, `tf.train.Example`) of each sentence.

    Example: tests/components/corpus_example_gen/test_executor.py.
    """

    def __init__(
        self,
        input_base: str,
        patterns: Sequence[str],
        settings: CorpusSettings,
        reports: ReportFolder,
        tokenizer: str,
    ) -> None:
        """Sets the files.

        Args:
            input_base: the corpus folder.
            patterns: file patterns relative to it; the last one (of the newest span) must match a file.
            settings: settings of the corpus.
            reports: receives the report or the error of each file.
            tokenizer: its name, as in the graph.
        """
        super().__init__()
        self._base, self._patterns, self._settings, self._reports = input_base, list(patterns), settings, reports
        self._tokenizer = tokenizer

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Builds the transform.

        Raises:
            CorpusError: no file matches.
        """
        matches = {pattern: matching_files(self._base, pattern) for pattern in self._patterns}
        newest = self._patterns[-1]
        if not matches[newest]:
            raise no_file_matches(os.path.join(self._base, newest))
        for pattern in (pattern for pattern, files in matches.items() if not files):
            logging.warning("%s: no file matches; this span adds nothing to the split", pattern)
        return (
            pipeline
            | "Files" >> beam.Create([file for files in matches.values() for file in files])
            | "OneFileAWorker" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadFile(self._base, self._settings, self._reports, self._tokenizer))
        )


@beam.typehints.with_input_types(str)
@beam.typehints.with_output_types(tuple[bytes, tf.train.Example])
class _ReadFile(beam.DoFn):
    """Reads one file; a corpus error ends it and goes to the report folder, where the executor reads it."""

    def __init__(self, base: str, settings: CorpusSettings, reports: ReportFolder, tokenizer: str) -> None:
        super().__init__()
        self._base, self._settings, self._reports, self._tokenizer = base, settings, reports, tokenizer

    def process(self, path: str) -> Iterator[tuple[bytes, tf.train.Example]]:
        source = os.path.relpath(path, self._base).replace(os.sep, "/")
        report, keys = IngestReport(), KeyMaker(source)
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            content = FileContent(read_chunks(file))
        try:
            with self._reports.lines_of(source) as write_line:
                for sentence in read_corpus_file(path, self._settings, report, content, self._tokenizer):
                    key = keys.make(sentence)
                    write_line(key, sentence.line)
                    example = to_example(sentence, key, source, self._settings.metadata, self._tokenizer)
                    yield sentence.division_key, example
        except CorpusError as error:
            self._reports.write_error(source, error)
            return
        self._reports.write_report(source, report, content.sha256())
