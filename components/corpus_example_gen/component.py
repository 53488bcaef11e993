"""Component specification of CorpusExampleGen."""

from __future__ import annotations

from typing import Any

from tfx import types
from tfx.components.example_gen import utils
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
from components.corpus_example_gen.corpus.layout import corpus_fingerprint
from components.corpus_example_gen.example import check_metadata_columns
from components.corpus_example_gen.executor import Executor
from components.corpus_example_gen.plan import IngestPlan
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import configured_splits
from components.keys import NEWEST_SPAN, TOKENIZER
from components.text.words import WORDS


class Driver(FileBasedDriver):
    """TFX's driver, which finds span and files; for a corpus artifact the executor finds them.

    TFX's fingerprint consists of the sizes and times of the newest span's files. A label that is corrected in place
    would leave it unchanged, and a copy of the corpus would change it. So the contents of all files replace it.
    """

    def resolve_exec_properties(self, exec_properties: dict[str, Any], *others: Any) -> dict[str, Any]:
        """Returns TFX's properties with the fingerprint of the contents."""
        resolved = super().resolve_exec_properties(exec_properties, *others)
        settings = CorpusSettings.model_validate_json(resolved["settings"])
        folder = resolved[standard_component_specs.INPUT_BASE_KEY]
        resolved[utils.FINGERPRINT_PROPERTY_NAME] = resolved.get("fingerprint") or corpus_fingerprint(
            folder, configured_splits(settings), settings.window
        )
        return resolved

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Returns the output of TFX's driver, or an empty output for a corpus artifact."""
        if not execution_info.exec_properties.get(standard_component_specs.INPUT_BASE_KEY):
            return DriverOutput()
        return super().run(execution_info)


class CorpusExampleGenSpec(standard_component_specs.FileBasedExampleGenSpec):
    """Inputs, outputs and parameters of CorpusExampleGen."""

    PARAMETERS = {
        **standard_component_specs.FileBasedExampleGenSpec.PARAMETERS,
        standard_component_specs.INPUT_BASE_KEY: ExecutionParameter(type=str, optional=True),
        "settings": ExecutionParameter(type=str),
        "span": ExecutionParameter(type=str, optional=True),
        TOKENIZER: ExecutionParameter(type=str, optional=True),
        # Part of the cache key; the executor also compares the fingerprint with the files that it read.
        "fingerprint": ExecutionParameter(type=str, optional=True),
        "code_version": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"corpus": ChannelParameter(type=Corpus, optional=True)}


class CorpusExampleGen(FileBasedExampleGen):
    """Reads a corpus folder into the splits `train`, `eval` and, if the corpus has one, `test`.

    A corpus with one split is divided 8:1:1 by a hash of the sentence, or of its document. A corpus with several splits
    but without `eval` gets one from `train`: one in ten, by the same hash. Equal sentences that belong to no document
    share a split, also across spans.

    Component `outputs` contains:
     - `examples`: `standard_artifacts.Examples` of `tf.train.Example` with the bytes features `key` [1],
       `sentence` [1], `tags` [tokens], `source` [1] and each metadata column [1]. Its custom properties count what was
       read, repaired and skipped, and name the tokenizer (see `executor.Executor`).

    Example:
        CorpusExampleGen(settings=load_config(None).corpus, input_base="data")
    """

    SPEC_CLASS = CorpusExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        *,
        settings: CorpusSettings,
        input_base: str | None = None,
        corpus: types.BaseChannel | None = None,
        span: str | RuntimeParameter | None = None,
        tokenizer: str = WORDS,
        fingerprint: str | RuntimeParameter = "",
        code_version: str = "",
    ) -> None:
        """Builds the spec.

        Args:
            settings: settings of the corpus; the component ignores `path` and `sample_seed`.
            input_base: folder of the corpus, or a file.
            corpus: channel of a `Corpus` artifact, for a corpus that is not known before the run. Kubeflow copies only
                the files of artifacts to a node.
            span: with `corpus`, number of the newest span to read (as text), or `newest`; replaces `settings.span`.
            tokenizer: `transform.tokenizer`; the run stops if it does not suit the corpus. `auto` chooses one.
            fingerprint: `corpus_fingerprint` of the files to read; empty: the node computes it. The reading checks it.
            code_version: hash of the code, so that a code change invalidates TFX's cache.

        Raises:
            CorpusError: the layout of the folder is not supported.
            NerError: a metadata column has an invalid name, the configured splits or spans do not fit the corpus, or
                not exactly one of `input_base` and `corpus` is set.
        """
        if (input_base is None) == (corpus is None):
            raise NerError("CorpusExampleGen: needs input_base (a folder) or corpus (a channel). Set one of them.")
        check_metadata_columns(settings.metadata)
        plan = IngestPlan((), settings) if input_base is None else IngestPlan.for_corpus(input_base, settings)
        if corpus is not None:
            span = span or (NEWEST_SPAN if settings.span is None else str(settings.span))
        spec = CorpusExampleGenSpec(
            input_base=None if input_base is None else plan.folder,
            input_config=plan.input_config,
            output_config=example_gen_pb2.Output() if input_base is None else plan.output_config,
            range_config=None if input_base is None else plan.range_config,
            output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
            output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
            settings=plan.settings.model_copy(update={"path": None, "sample_seed": 0}).model_dump_json(),
            span=None if corpus is None else span,
            tokenizer=tokenizer,
            fingerprint=fingerprint,
            code_version=code_version,
            corpus=corpus,
            examples=types.Channel(type=standard_artifacts.Examples),
        )
        # FileBasedExampleGen's constructor can build its own spec only.
        super(FileBasedExampleGen, self).__init__(spec=spec)
