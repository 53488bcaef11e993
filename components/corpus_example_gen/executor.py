"""Executor of CorpusExampleGen: reads, writes the examples, and accounts for every sentence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import tensorflow as tf
from absl import logging
from tfx.components.example_gen import utils as example_gen_utils
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.corpus_example_gen.corpus.span_window import SpanWindow, span_folders
from components.corpus_example_gen.duplicates import without_duplicates
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.example import SENTENCE
from components.corpus_example_gen.plan import IngestConfig, IngestPlan
from components.corpus_example_gen.read_corpus import ReadCorpus

REPORT_FOLDER = "ingest"
"""Folder of the reports, inside the examples artifact."""

CORPUS_KEY = "corpus"
SPAN_KEY = "span"

NEWEST_SPAN = "newest"
"""Value of the execution property `span` for the newest there is.

A text like the numbers beside it: what Kubeflow puts into the runs of a schedule, `[[ScheduledTime.20060102]]` for
instance, it puts into texts only.
"""

_LONGEST_LIST = 20  # of a report in an artifact property; the whole lists stay in the folder
_HOLD_OUT = 10  # one sentence in so many goes from train to eval
_NEEDED = ("train", "eval")
_ORDER = ("train", "eval", "test")


class Executor(BaseExampleGenExecutor):
    """Reads a corpus into examples by Beam.

    Writes, beside TFX's splits, a folder `ingest/` with one report a file, and these properties of the artifact:
    `sentences_in`, `sentences_out`, `tokens_in`, `tokens_out`, `entities_in`, `entities_out`, `skipped`, `repaired`,
    `sentences_<split>`, `duplicates` (sentences that stand in a later split too), `duplicates_removed` (int),
    `ingest_report` (JSON of the merged `IngestReport`, lists cut to 20).
    """

    def __init__(self, context: Any = None) -> None:
        """Takes TFX's executor context."""
        super().__init__(context)
        self._reports = ReportFolder("")
        self._examples: list[artifact.Artifact] = []

    def GetInputSourceToExamplePTransform(self) -> Callable[[dict[str, Any], str], beam.PTransform]:
        """Returns what TFX calls with the execution properties and a split's pattern."""

        def read(exec_properties: dict[str, Any], pattern: str) -> ReadCorpus:
            base, config = exec_properties[standard_component_specs.INPUT_BASE_KEY], _config(exec_properties)
            patterns = _patterns_of_window(base, pattern, config.span_window)
            return ReadCorpus(base, patterns, config, self._reports)

        return read

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.PCollection]:
        """Returns the examples of each split, `eval` taken out of `train` when that is configured."""
        splits = super().GenerateExamplesByBeam(pipeline, exec_properties)
        config = _config(exec_properties)
        if config.hold_out:
            train, held_out = splits.pop("train") | "HoldOut" >> beam.Partition(_is_held_out, 2)
            splits = {"train": train, "eval": held_out, **splits}
            # The base class has named the input splits, and asks the artifact where each split is written.
            for examples in self._examples:
                examples.split_names = artifact_utils.encode_split_names(list(splits))
        ordered = {name: splits[name] for name in sorted(splits, key=_place)}
        return without_duplicates(ordered, self._reports, bool(config.remove_duplicates))

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the corpus, writes the splits, and checks and records the account.

        Args:
            input_dict: `corpus`, a `Corpus`, where the corpus is not named by the execution property `input_base`.
            output_dict: `examples`.
            exec_properties: as for TFX's own executors, and with `corpus` also `span` (text: a number, or `newest`).

        Raises:
            CorpusError: a file cannot be read, or the split train or eval has no sentence.
            NerError: `span` is neither a number nor `newest`, or does not fit the corpus.
            RuntimeError: not as many examples were written as sentences read: a defect of ours.
        """
        self._examples = output_dict[standard_component_specs.EXAMPLES_KEY]
        examples = artifact_utils.get_single_instance(self._examples)
        self._reports = ReportFolder(os.path.join(examples.uri, REPORT_FOLDER))
        self._reports.make()
        if input_dict.get(CORPUS_KEY):
            corpus = artifact_utils.get_single_instance(input_dict[CORPUS_KEY]).uri
            exec_properties = _laid_out(corpus, exec_properties, examples)
        super().Do(input_dict, output_dict, exec_properties)
        _raise_errors(self._reports.errors())
        reports = self._reports.reports()
        total = IngestReport.merge(reports.values())
        total.check()
        written = _count_written(examples)
        duplicates = {split: sum(counts.values()) for split, counts in self._reports.duplicates().items()}
        removed = sum(duplicates.values()) if _config(exec_properties).remove_duplicates else 0
        _log(reports, written)
        _log_duplicates(self._reports.duplicates(), removed)
        _check_written(written, removed, total, exec_properties[standard_component_specs.INPUT_BASE_KEY])
        _set_properties(examples, total, written, sum(duplicates.values()), removed)


def _laid_out(folder: str, exec_properties: dict[str, Any], examples: artifact.Artifact) -> dict[str, Any]:
    """Returns the execution properties for a corpus that was not known before the run.

    Does what TFX's driver for ExampleGens does otherwise: finds the span and its files, and notes span and fingerprint.
    """
    configured = IngestPlan.from_properties(exec_properties, _asked_span(exec_properties.get(SPAN_KEY) or NEWEST_SPAN))
    plan = configured.for_corpus(folder)
    input_config = plan.input_config
    # TFX's own fingerprint has the times of the files in it, which are new with each download.
    _, span, _ = example_gen_utils.calculate_splits_fingerprint_span_and_version(
        folder, input_config.splits, plan.range_config
    )
    examples.set_int_custom_property(example_gen_utils.SPAN_PROPERTY_NAME, span)
    examples.set_string_custom_property(example_gen_utils.FINGERPRINT_PROPERTY_NAME, configured.fingerprint_of(folder))
    return {
        **exec_properties,
        standard_component_specs.INPUT_BASE_KEY: folder,
        standard_component_specs.INPUT_CONFIG_KEY: proto_utils.proto_to_json(input_config),
        standard_component_specs.OUTPUT_CONFIG_KEY: proto_utils.proto_to_json(plan.output_config),
        standard_component_specs.CUSTOM_CONFIG_KEY: proto_utils.proto_to_json(plan.config.pack()),
    }


def _asked_span(text: str) -> int | None:
    if text == NEWEST_SPAN:
        return None
    if not text.isdecimal():
        raise NerError(
            f"span: {text!r} is neither a number nor {NEWEST_SPAN!r}. Give the number of a span-<number> folder."
        )
    return int(text)


def _config(exec_properties: dict[str, Any]) -> IngestConfig:
    return IngestConfig.unpack(exec_properties.get(standard_component_specs.CUSTOM_CONFIG_KEY))


def _patterns_of_window(base: str, pattern: str, size: int) -> list[str]:
    """Returns the pattern for each span of the window whose newest span TFX has put into the pattern."""
    if size == 1:
        return [pattern]
    names = (os.path.basename(path) for path in fileio.glob(os.path.join(base, "span-*")))
    return SpanWindow(size=size).patterns(base, pattern, span_folders(base, names))


def _place(split: str) -> int:
    """Returns the rank of a split by what depends on it: scores come last."""
    return _ORDER.index(split) if split in _ORDER else 0


def _is_held_out(example: tf.train.Example, partitions: int) -> int:
    """Returns 1 for one sentence in ten; equal sentences fall on the same side."""
    del partitions
    sentence = example.features.feature[SENTENCE].bytes_list.value[0]
    return int(int(hashlib.sha256(sentence).hexdigest(), 16) % _HOLD_OUT == 0)


def _raise_errors(errors: list[CorpusError]) -> None:
    """Raises the first error after logging the others."""
    for other in errors[1:]:
        logging.error("%s", other)
    if errors:
        raise errors[0]


def _count_written(examples: artifact.Artifact) -> dict[str, int]:
    """Counts the records of each split in the files themselves."""
    counts = {}
    for split in artifact_utils.decode_split_names(examples.split_names):
        files = fileio.glob(os.path.join(artifact_utils.get_split_uri([examples], split), "*.gz"))
        records = tf.data.TFRecordDataset(sorted(files), compression_type="GZIP")
        counts[split] = int(records.reduce(0, lambda count, _: count + 1).numpy()) if files else 0
    return counts


def _log(reports: dict[str, IngestReport], written: dict[str, int]) -> None:
    for source, report in reports.items():
        logging.info("%s: %s", source, report.summary())
        for what in report.repair_examples:
            logging.info("repaired: %s", what)
        for what in report.skipped:
            logging.warning("skipped: %s", what)
    for split, count in written.items():
        logging.info("split %s: %d sentences", split, count)


def _log_duplicates(duplicates: dict[str, dict[str, int]], removed: int) -> None:
    for split, counts in sorted(duplicates.items()):
        for source, count in counts.items():
            done = "taken out" if removed else "left in ([corpus -> duplicates])"
            logging.warning("split %s: %d sentences of %s stand in a later split too, %s", split, count, source, done)


def _check_written(written: dict[str, int], removed: int, total: IngestReport, input_base: str) -> None:
    if sum(written.values()) + removed != total.sentences_out:
        accounted = f"{sum(written.values())} examples written, {removed} taken out as duplicates"
        raise RuntimeError(f"{total.sentences_out} sentences were read, {accounted}")
    for split, count in written.items():
        if count:
            continue
        if split in _NEEDED:
            found = f"the split {split} holds no sentence ({total.sentences_in} read, {total.total_skipped} skipped)"
            fix = "Give more sentences, or a file for each split (train, dev, test)."
            raise CorpusError(input_base, None, found, fix)
        logging.warning("split %s holds no sentence", split)


def _set_properties(
    examples: artifact.Artifact, total: IngestReport, written: dict[str, int], duplicates: int, removed: int
) -> None:
    numbers = {
        "duplicates": duplicates,
        "duplicates_removed": removed,
        "sentences_in": total.sentences_in,
        "sentences_out": total.sentences_out,
        "tokens_in": total.tokens_in,
        "tokens_out": total.tokens_out,
        "entities_in": total.entities_in.total(),
        "entities_out": total.entities_out.total(),
        "skipped": total.total_skipped,
        "repaired": total.repaired,
        **{f"sentences_{split}": count for split, count in written.items()},
    }
    for name, number in numbers.items():
        examples.set_int_custom_property(name, number)
    examples.set_string_custom_property("ingest_report", total.to_json(longest_list=_LONGEST_LIST))
