"""Executor of CorpusExampleGen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import apache_beam as beam
import tensorflow as tf
from absl import logging
from google.protobuf import json_format
from tfx.components.example_gen import utils as example_gen_utils
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.components.example_gen.write_split import DEFAULT_TF_RECORD_FILE_NAME, to_file_format_str
from tfx.components.util import examples_utils
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact, artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.common.errors import counted, quoted
from components.corpus_example_gen.cleaning.report import IngestReport, without_entities
from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.corpus_example_gen.corpus.layout import (
    corpus_fingerprint,
    is_single_file,
    listed,
    split_patterns,
    unread_files,
)
from components.corpus_example_gen.corpus.span_window import SpanWindow, requested_span, span_of
from components.corpus_example_gen.duplicates import WrittenSplit, count_splits
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.file_content import FileContent, read_chunks
from components.corpus_example_gen.plan import IngestPlan
from components.corpus_example_gen.read_corpus import ReadCorpus, matching_files
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import HASH_BUCKETS, configured_splits, holds_out_eval, split_of
from components.corpus_example_gen.tokenizer_choice import choose_tokenizer
from components.keys import (
    EVAL_SPLIT,
    INGEST_REPORT,
    INGEST_REPORT_FOLDER,
    NEWEST_SPAN,
    TEST_SPLIT,
    TOKENIZER,
    TRAIN_SPLIT,
)

_LONGEST_LIST = 20  # of a report in an artifact property; the folder has the full lists
_ORDER = (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT)


class Executor(BaseExampleGenExecutor):
    """Reads a corpus into examples with Beam.

    Besides TFX's splits it writes the folder `ingest/` with one report per file, and these custom properties of the
    artifact: `sentences_in`, `sentences_out`, `tokens_in`, `tokens_out`, `entities_in`, `entities_out`, `skipped`,
    `repaired`, `sentences_<split>`, `duplicates` (sentences that also occur in a later split), `repeats` (sentences of
    `eval` and `test` that a newer span has, too), `duplicates_removed` (both; int), `ingest_report` (JSON of the merged
    `IngestReport`, lists truncated to 20 items), and `tokenizer`, which Transform and DriftValidator take from there.
    """

    def __init__(self, context: Any = None) -> None:
        """Takes TFX's executor context."""
        super().__init__(context)
        self._reports = ReportFolder("")
        self._examples: list[artifact.Artifact] = []

    def GetInputSourceToExamplePTransform(self) -> Callable[[dict[str, Any], str], beam.PTransform]:
        """Returns the function that TFX calls with the execution properties and a split's pattern."""

        def read(exec_properties: dict[str, Any], pattern: str) -> ReadCorpus:
            base, settings = exec_properties[standard_component_specs.INPUT_BASE_KEY], _settings(exec_properties)
            patterns, tokenizer = _patterns(exec_properties, pattern), exec_properties[TOKENIZER]
            return ReadCorpus(base, patterns, settings, self._reports, tokenizer)

        return read

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.PCollection]:
        """Returns the examples of each split: `eval` taken out of `train`, or all of them out of a single split."""
        inputs = _input_splits(exec_properties)
        divides = {"undivided": len(inputs) == 1, "holds_out": holds_out_eval(inputs)}
        # TFX would divide by a feature of the examples, but their documents are none.
        whole = {standard_component_specs.OUTPUT_CONFIG_KEY: proto_utils.proto_to_json(example_gen_pb2.Output())}
        splits = {}
        for name, keyed in super().GenerateExamplesByBeam(pipeline, {**exec_properties, **whole}).items():
            names = [name]
            if divides["undivided"]:
                names = list(HASH_BUCKETS)
            elif divides["holds_out"] and name == TRAIN_SPLIT:
                names = [TRAIN_SPLIT, EVAL_SPLIT]
            parts = [keyed]
            if len(names) > 1:
                parts = keyed | f"Divide[{name}]" >> beam.Partition(_split_number, len(names), names, name, divides)
            for part, of_part in zip(names, parts, strict=True):
                splits[part] = of_part | f"Examples[{part}]" >> beam.Values()
        if divides["holds_out"]:
            # The base class named the input splits, and reads the names to find the folder of each split.
            for examples in self._examples:
                examples.split_names = artifact_utils.encode_split_names(list(splits))
        return splits

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the corpus, writes the splits, checks and records the counts.

        Args:
            input_dict: `corpus`, a `Corpus`, if the execution property `input_base` does not name the folder.
            output_dict: `examples`.
            exec_properties: those of TFX's executors, `settings` (JSON of `CorpusSettings`), `tokenizer`, and with
                `corpus` also `span` (text: a number, or `newest`).

        Raises:
            CorpusError: a file cannot be read, the split train or eval has no sentence, or train has no entity.
            CorpusReadingError: too many sentences were repaired.
            NerError: `span` is neither a number nor `newest`, or does not fit the corpus.
            RuntimeError: the numbers of examples and sentences differ. This is a defect of this component.
        """
        self._examples = output_dict[standard_component_specs.EXAMPLES_KEY]
        examples = artifact_utils.get_single_instance(self._examples)
        self._reports = ReportFolder(os.path.join(examples.uri, INGEST_REPORT_FOLDER))
        self._reports.make()
        if input_dict.get("corpus"):
            corpus = artifact_utils.get_single_instance(input_dict["corpus"]).uri
            exec_properties = _resolved(corpus, exec_properties, examples)
        exec_properties = {**exec_properties, TOKENIZER: _tokenizer(exec_properties)}
        examples.set_string_custom_property(TOKENIZER, exec_properties[TOKENIZER])
        self._log_startup(input_dict, output_dict, exec_properties)
        self._generate(examples, exec_properties)
        _raise_errors(self._reports.errors())
        self._require_unchanged(exec_properties)
        reports = self._reports.reports()
        total = IngestReport.merge(reports.values())
        total.check()
        settings = _settings(exec_properties)
        total.check_repairs(settings.max_repaired)
        total.files_ignored = _ignored_files(exec_properties, reports)
        remove = settings.duplicates == "remove"
        splits = count_splits(_files(examples), remove=remove, several_spans=settings.span_window > 1)
        written = {name: split.kept for name, split in splits.items()}
        removed = sum(split.total for split in splits.values()) if remove else 0
        _log(reports, written)
        _log_duplicates(splits, "removed" if remove else "kept (corpus.duplicates)")
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        _check_written(written, removed, total, base)
        if not splits[TRAIN_SPLIT].types:
            raise without_entities(total, base)
        _warn_of_unseen_types(splits)
        for name, fix in total.absent_types(settings.drop_types).items():
            logging.warning("corpus.drop_types: no sentence has an entity of type %s. %s", quoted(name), fix)
        if TEST_SPLIT not in splits:
            logging.warning(
                "no test split: the model is scored on the eval split, which also chose its epoch and outside bias, so "
                "its scores are too high. Add test.<ext>, or divide the corpus with `ner data split`."
            )
        _set_properties(examples, total, splits, removed)

    def _generate(self, examples: artifact.Artifact, exec_properties: dict[str, Any]) -> None:
        """Writes the examples of each split in the order of the corpus.

        TFX's base class shuffles them, for which Beam's direct runner keeps all of them in memory. No node needs it:
        the Trainer shuffles its windows.
        """
        config = [
            json_format.Parse(exec_properties[name], message)
            for name, message in (
                (standard_component_specs.INPUT_CONFIG_KEY, example_gen_pb2.Input()),
                (standard_component_specs.OUTPUT_CONFIG_KEY, example_gen_pb2.Output()),
            )
        ]
        names = example_gen_utils.generate_output_split_names(*config)
        examples.split_names = artifact_utils.encode_split_names(names)
        with self._make_beam_pipeline() as pipeline:
            for name, split in self.GenerateExamplesByBeam(pipeline, exec_properties).items():
                prefix = os.path.join(artifact_utils.get_split_uri([examples], name), DEFAULT_TF_RECORD_FILE_NAME)
                records = split | f"Serialize[{name}]" >> beam.Map(_serialized)
                _ = records | f"Write[{name}]" >> beam.io.WriteToTFRecord(prefix, file_name_suffix=".gz")
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples_utils.set_file_format(examples, to_file_format_str(example_gen_pb2.FORMAT_TFRECORDS_GZIP))

    def _require_unchanged(self, exec_properties: dict[str, Any]) -> None:
        """Compares the files that were read with those whose fingerprint the run started with."""
        folder, settings = exec_properties[standard_component_specs.INPUT_BASE_KEY], _settings(exec_properties)
        expected = exec_properties.get(example_gen_utils.FINGERPRINT_PROPERTY_NAME)
        if expected and expected != _fingerprint(folder, settings, self._reports.hashes()):
            problem = "the files changed between the start of the run and the reading"
            raise CorpusError(folder, None, problem, "Run again when nothing writes into the folder.")


def _resolved(corpus: str, exec_properties: dict[str, Any], examples: artifact.Artifact) -> dict[str, Any]:
    """Returns the execution properties for a corpus that was not known before the run.

    Replaces TFX's driver for ExampleGens: finds the span and its files, and records span and fingerprint.
    """
    span = requested_span(exec_properties.get("span") or NEWEST_SPAN)
    settings = _settings(exec_properties).model_copy(update={"span": span})
    plan = IngestPlan.for_corpus(corpus, settings)
    folder, input_config = plan.folder, plan.input_config
    # TFX's own fingerprint includes the times of the files, which change with each download.
    _, number, _ = example_gen_utils.calculate_splits_fingerprint_span_and_version(
        folder, input_config.splits, plan.range_config
    )
    fingerprint = exec_properties.get("fingerprint") or _fingerprint(folder, plan.settings)
    examples.set_int_custom_property(example_gen_utils.SPAN_PROPERTY_NAME, number)
    examples.set_string_custom_property(example_gen_utils.FINGERPRINT_PROPERTY_NAME, fingerprint)
    return {
        **exec_properties,
        standard_component_specs.INPUT_BASE_KEY: folder,
        standard_component_specs.INPUT_CONFIG_KEY: proto_utils.proto_to_json(input_config),
        example_gen_utils.FINGERPRINT_PROPERTY_NAME: fingerprint,
        standard_component_specs.OUTPUT_CONFIG_KEY: proto_utils.proto_to_json(plan.output_config),
        "settings": plan.settings.model_dump_json(),
    }


def _settings(exec_properties: dict[str, Any]) -> CorpusSettings:
    return CorpusSettings.model_validate_json(exec_properties["settings"])


def _input_splits(exec_properties: dict[str, Any]) -> dict[str, str]:
    """Returns split -> file pattern, that of the newest span, as TFX fills it in."""
    text = exec_properties[standard_component_specs.INPUT_CONFIG_KEY]
    return {split.name: split.pattern for split in json_format.Parse(text, example_gen_pb2.Input()).splits}


def _fingerprint(folder: str, settings: CorpusSettings, hashes: Mapping[str, str] | None = None) -> str:
    return corpus_fingerprint(folder, configured_splits(settings), settings.window, hashes=hashes)


def _patterns(exec_properties: dict[str, Any], pattern: str) -> list[str]:
    """Returns the pattern for each span of the window; `pattern` is that of the newest span."""
    base, settings = exec_properties[standard_component_specs.INPUT_BASE_KEY], _settings(exec_properties)
    if settings.span_window == 1:
        return [pattern]
    name = next(name for name, own in _input_splits(exec_properties).items() if own == pattern)
    newest = span_of(base, pattern)
    by_split = split_patterns(base, configured_splits(settings), SpanWindow(newest, settings.span_window))
    spans = [{span_of(base, one) for one in patterns} for patterns in by_split.values()]
    for number in sorted(set().union(*spans) - {span_of(base, one) for one in by_split[name]}):
        logging.warning("span-%d has no file of the split %s; it adds nothing to it", number, name)
    return by_split[name]


def _tokenizer(exec_properties: dict[str, Any]) -> str:
    """Returns the tokenizer that suits the training split."""
    base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
    splits = _input_splits(exec_properties)
    training = splits.get(TRAIN_SPLIT) or next(iter(splits.values()))
    patterns = _patterns(exec_properties, training)
    files = [file for one in patterns for file in matching_files(base, one)]
    chosen = choose_tokenizer(exec_properties[TOKENIZER], files, _settings(exec_properties), _content)
    logging.info("tokenizer: %s", chosen)
    return chosen


def _content(path: str) -> FileContent:
    with fileio.open(path, "rb") as file:
        return FileContent(read_chunks(file))


def _ignored_files(exec_properties: dict[str, Any], sources: Iterable[str]) -> list[str]:
    """Returns the files that seem to belong to the corpus and that no split takes, and warns about them."""
    base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
    if is_single_file(configured_splits(_settings(exec_properties))):
        return []
    if ignored := unread_files(base, (os.path.join(base, source) for source in sources)):
        logging.warning("%s: not read, no split takes them (corpus.splits): %s", base, listed(ignored))
    return ignored


def _rank(split: str) -> int:
    """Returns the rank of a split: those that scores depend on come last."""
    return _ORDER.index(split) if split in _ORDER else 0


def _split_number(
    keyed: tuple[bytes, tf.train.Example], partitions: int, names: list[str], name: str, divides: dict[str, bool]
) -> int:
    """Returns the index of the split of an example; equal sentences, or those of a document, get the same one."""
    del partitions
    return names.index(split_of(name, keyed[0], **divides))


def _raise_errors(errors: list[CorpusError]) -> None:
    """Raises the first error after logging the others."""
    for other in errors[1:]:
        logging.error("%s", other)
    if errors:
        raise errors[0]


def _files(examples: artifact.Artifact) -> dict[str, list[str]]:
    """Returns split -> files, those splits last that scores depend on."""
    names = sorted(artifact_utils.decode_split_names(examples.split_names), key=_rank)
    return {
        name: sorted(fileio.glob(os.path.join(artifact_utils.get_split_uri([examples], name), "*.gz")))
        for name in names
    }


def _serialized(example: tf.train.Example) -> bytes:
    # Otherwise the features have any order, and the same corpus another content in each run.
    return bytes(example.SerializeToString(deterministic=True))


def _log(reports: dict[str, IngestReport], written: dict[str, int]) -> None:
    for source, report in reports.items():
        logging.info("%s: %s", source, report.summary())
        for note in report.notes:
            logging.info("read: %s", note)
        for repair in report.repair_examples:
            logging.info("repaired: %s", repair)
        for error in report.skipped:
            logging.warning("skipped: %s", error)
    for split, count in written.items():
        logging.info("split %s: %s", split, counted(count, "sentence"))


def _log_duplicates(splits: Mapping[str, WrittenSplit], action: str) -> None:
    for name, split in sorted(splits.items()):
        for place, counts in (("a later split", split.duplicates), ("this split of a newer span", split.repeats)):
            for source, count in sorted(counts.items()):
                logging.warning("split %s: %d sentences of %s also occur in %s; %s", name, count, source, place, action)


def _check_written(written: dict[str, int], removed: int, total: IngestReport, input_base: str) -> None:
    if sum(written.values()) + removed != total.sentences_out:
        accounted = f"{sum(written.values())} examples written, {removed} removed as duplicates"
        raise RuntimeError(f"{total.sentences_out} sentences read, but {accounted}")
    for split, count in written.items():
        if count:
            continue
        if split in (TRAIN_SPLIT, EVAL_SPLIT):
            problem = f"the split {split} has no sentence ({total.sentences_in} read, {total.total_skipped} skipped)"
            fix = "Add sentences, or a file for each split (train, dev, test)."
            raise CorpusError(input_base, None, problem, fix)
        logging.warning("split %s has no sentence", split)


def _warn_of_unseen_types(splits: Mapping[str, WrittenSplit]) -> None:
    """Warns of entity types that only other splits than the training split have."""
    for name, split in splits.items():
        if unseen := sorted(split.types - splits[TRAIN_SPLIT].types):
            logging.warning(
                "%s split: the training split has no entity of type %s, so none will be found. Label some, or divide "
                "the corpus anew (`ner data split`).",
                name,
                ", ".join(unseen),
            )


def _set_properties(
    examples: artifact.Artifact, total: IngestReport, splits: Mapping[str, WrittenSplit], removed: int
) -> None:
    numbers = {
        "duplicates": sum(split.duplicates.total() for split in splits.values()),
        "repeats": sum(split.repeats.total() for split in splits.values()),
        "duplicates_removed": removed,
        "sentences_in": total.sentences_in,
        "sentences_out": total.sentences_out,
        "tokens_in": total.tokens_in,
        "tokens_out": total.tokens_out,
        "entities_in": total.entities_in.total(),
        "entities_out": total.entities_out.total(),
        "skipped": total.total_skipped,
        "repaired": total.repaired,
        **{f"sentences_{name}": split.kept for name, split in splits.items()},
    }
    for name, number in numbers.items():
        examples.set_int_custom_property(name, number)
    examples.set_string_custom_property(INGEST_REPORT, total.to_json(longest_list=_LONGEST_LIST))
