"""CorpusExampleGen: a folder of labelled text in, examples out."""

from __future__ import annotations

from collections.abc import Sequence

from tfx import types
from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.components.example_gen.driver import FileBasedDriver
from tfx.dsl.components.base import executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto import example_gen_pb2
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Corpus
from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import NEWEST
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.example import check_metadata_columns
from components.corpus_example_gen.executor import CORPUS_KEY, NEWEST_SPAN, SPAN_KEY, Executor
from components.corpus_example_gen.plan import IngestConfig, IngestPlan
from components.corpus_example_gen.readers.read_options import ReadOptions


class Driver(FileBasedDriver):
    """Finds span and files, unless the corpus is an artifact: then the executor does."""

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Returns TFX's driver's answer, or nothing to change."""
        if not execution_info.exec_properties.get(standard_component_specs.INPUT_BASE_KEY):
            return DriverOutput()
        return super().run(execution_info)


HASH_BUCKETS = (("train", 8), ("eval", 1), ("test", 1))
"""How a corpus of one split is divided."""


class _CorpusExampleGenSpec(standard_component_specs.FileBasedExampleGenSpec):
    PARAMETERS = {
        **standard_component_specs.FileBasedExampleGenSpec.PARAMETERS,
        standard_component_specs.INPUT_BASE_KEY: ExecutionParameter(type=str, optional=True),
        SPAN_KEY: ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {CORPUS_KEY: ChannelParameter(type=Corpus, optional=True)}


class CorpusExampleGen(FileBasedExampleGen):
    """Reads a corpus folder into the splits `train`, `eval` and, where there is one, `test`.

    Example:
        `CorpusExampleGen(input_base="data", metadata_columns=["topic"])`

    Outputs: `examples`, `standard_artifacts.Examples` of `tf.train.Example`: bytes features `key` [1], `sentence` [1],
    `tags` [tokens], `source` [1] and each metadata column [1]. Its properties hold what was read, mended and left out
    (see `executor.Executor`).

    Split by hash (of the sentence, so that equal sentences never stand on two sides): a corpus of one split is divided
    by `hash_buckets`; where there are several but no `eval`, one sentence of `train` in ten becomes `eval`. The hash is
    of the sentence alone, so a sentence that comes again in a later span falls into the same split.

    A corpus that is not known before the run is an artifact (`corpus`, from an Importer): its layout is looked at by
    the executor. Kubeflow brings the files of artifacts, and of nothing else, to where a component runs.
    """

    SPEC_CLASS = _CorpusExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        input_base: str | None = None,
        splits: Sequence[tuple[str, str]] | None = None,
        options: ReadOptions | None = None,
        metadata_columns: Sequence[str] = (),
        hash_buckets: Sequence[tuple[str, int]] = HASH_BUCKETS,
        code_version: str = "",
        window: SpanWindow = NEWEST,
        remove_duplicates: bool | None = None,
        fingerprint: str = "",
        corpus: types.BaseChannel | None = None,
        span: str | RuntimeParameter | None = None,
    ) -> None:
        """Builds the node.

        Args:
            input_base: the corpus folder; None where `corpus` is given.
            splits: (split, file pattern) pairs; None finds them (`layout.find_splits`). Patterns may hold `{SPAN}`.
            options: how files are read.
            metadata_columns: metadata that become features.
            hash_buckets: (split, parts) pairs by which a corpus of one split is divided.
            code_version: part of the cache key, so that changed code reads anew.
            window: which spans to read.
            remove_duplicates: take sentences out of a split that stand in a later one too; None does so where there are
                spans. They are counted either way.
            fingerprint: of the files, part of the cache key: TFX itself looks at the files of the newest span only.
            corpus: channel of a `Corpus` artifact, instead of `input_base`.
            span: with `corpus`, number of the newest span to read in place of the window's, as text; or `newest`.

        Raises:
            CorpusError: `splits` is None and the folder's layout is not understood.
            NerError: a metadata column's name, or a combination of arguments, cannot be used.
        """
        if (input_base is None) == (corpus is None):
            raise NerError("CorpusExampleGen reads a folder (input_base) or an artifact (corpus): give one of them.")
        check_metadata_columns(metadata_columns)
        config = IngestConfig(
            options=options or ReadOptions(),
            metadata_columns=tuple(metadata_columns),
            span_window=window.size,
            remove_duplicates=remove_duplicates,
            fingerprint=fingerprint,
            code_version=code_version,
        )
        plan = IngestPlan(tuple(splits or ()), config, tuple(hash_buckets), window)
        if input_base is not None:
            plan = plan.for_corpus(input_base)
        # Past FileBasedExampleGen's own constructor, which can only build its own spec.
        super(FileBasedExampleGen, self).__init__(spec=_spec(plan, input_base, corpus, span))


def _spec(
    plan: IngestPlan, input_base: str | None, corpus: types.BaseChannel | None, span: str | RuntimeParameter | None
) -> _CorpusExampleGenSpec:
    newest = plan.window.newest
    return _CorpusExampleGenSpec(
        input_base=input_base,
        input_config=plan.input_config,
        output_config=plan.output_config,
        custom_config=plan.config.pack(),
        range_config=plan.range_config if corpus is None else None,
        output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
        output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
        span=None if corpus is None else span or (NEWEST_SPAN if newest is None else str(newest)),
        corpus=corpus,
        examples=types.Channel(type=standard_artifacts.Examples),
    )
