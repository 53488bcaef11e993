"""Executor of CorpusExampleGen: reads, writes the examples, and accounts for every sentence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import tensorflow as tf
from absl import logging
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils, standard_component_specs

from components.ingest.corpus_error import CorpusError
from components.ingest.example import SENTENCE
from components.ingest.ingest_config import IngestConfig
from components.ingest.read_corpus import ReadCorpus
from components.ingest.report import Report
from components.ingest.report_folder import ReportFolder

REPORT_FOLDER = "ingest"
"""Folder of the reports, inside the examples artifact."""

_LONGEST_LIST = 20  # of a report in an artifact property; the whole lists stay in the folder
_HOLD_OUT = 10  # one sentence in so many goes from train to eval
_NEEDED = ("train", "eval")


class Executor(BaseExampleGenExecutor):
    """Reads a corpus into examples by Beam.

    Writes, beside TFX's splits, a folder `ingest/` with one report a file, and these properties of the artifact:
    `sentences_in`, `sentences_out`, `tokens_in`, `tokens_out`, `entities_in`, `entities_out`, `skipped`, `repaired`,
    `sentences_<split>` (int), `ingest_report` (JSON of the merged `Report`, lists cut to 20).
    """

    def __init__(self, context: Any = None) -> None:
        """Takes TFX's executor context."""
        super().__init__(context)
        self._reports = ReportFolder("")
        self._examples: list[artifact.Artifact] = []

    def GetInputSourceToExamplePTransform(self) -> Callable[[dict[str, Any], str], beam.PTransform]:
        """Returns what TFX calls with the execution properties and a split's pattern."""

        def read(exec_properties: dict[str, Any], pattern: str) -> ReadCorpus:
            base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
            return ReadCorpus(base, pattern, _config(exec_properties), self._reports)

        return read

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.PCollection]:
        """Returns the examples of each split, `eval` taken out of `train` when that is configured."""
        splits = super().GenerateExamplesByBeam(pipeline, exec_properties)
        if not _config(exec_properties).hold_out:
            return splits
        train, held_out = splits.pop("train") | "HoldOut" >> beam.Partition(_is_held_out, 2)
        splits = {"train": train, "eval": held_out, **splits}
        # The base class has named the input splits, and asks the artifact where each split is written.
        for examples in self._examples:
            examples.split_names = artifact_utils.encode_split_names(list(splits))
        return splits

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the corpus, writes the splits, and checks and records the account.

        Raises:
            CorpusError: a file cannot be read, or the split train or eval has no sentence.
            RuntimeError: not as many examples were written as sentences read: a defect of ours.
        """
        self._examples = output_dict[standard_component_specs.EXAMPLES_KEY]
        examples = artifact_utils.get_single_instance(self._examples)
        self._reports = ReportFolder(os.path.join(examples.uri, REPORT_FOLDER))
        self._reports.make()
        super().Do(input_dict, output_dict, exec_properties)
        _raise_errors(self._reports.errors())
        reports = self._reports.reports()
        total = Report.merge(reports.values())
        total.check()
        written = _count_written(examples)
        _log(reports, written)
        _check_written(written, total, exec_properties[standard_component_specs.INPUT_BASE_KEY])
        _set_properties(examples, total, written)


def _config(exec_properties: dict[str, Any]) -> IngestConfig:
    return IngestConfig.unpack(exec_properties.get(standard_component_specs.CUSTOM_CONFIG_KEY))


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


def _log(reports: dict[str, Report], written: dict[str, int]) -> None:
    for source, report in reports.items():
        logging.info("%s: %s", source, report.summary())
        for what in report.repair_examples:
            logging.info("repaired: %s", what)
        for what in report.skipped:
            logging.warning("skipped: %s", what)
    for split, count in written.items():
        logging.info("split %s: %d sentences", split, count)


def _check_written(written: dict[str, int], total: Report, input_base: str) -> None:
    if sum(written.values()) != total.sentences_out:
        raise RuntimeError(f"{total.sentences_out} sentences were read, {sum(written.values())} examples written")
    for split, count in written.items():
        if count:
            continue
        if split in _NEEDED:
            found = f"the split {split} holds no sentence ({total.sentences_in} read, {total.left_out} skipped)"
            fix = "Give more sentences, or a file for each split (train, dev, test)."
            raise CorpusError(input_base, None, found, fix)
        logging.warning("split %s holds no sentence", split)


def _set_properties(examples: artifact.Artifact, total: Report, written: dict[str, int]) -> None:
    numbers = {
        "sentences_in": total.sentences_in,
        "sentences_out": total.sentences_out,
        "tokens_in": total.tokens_in,
        "tokens_out": total.tokens_out,
        "entities_in": total.entities_in.total(),
        "entities_out": total.entities_out.total(),
        "skipped": total.left_out,
        "repaired": total.repaired,
        **{f"sentences_{split}": count for split, count in written.items()},
    }
    for name, number in numbers.items():
        examples.set_int_custom_property(name, number)
    examples.set_string_custom_property("ingest_report", total.to_json(longest_list=_LONGEST_LIST))
