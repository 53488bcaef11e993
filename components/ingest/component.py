"""CorpusExampleGen: a folder of labelled text in, examples out."""

from __future__ import annotations

from collections.abc import Sequence

from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.dsl.components.base import executor_spec
from tfx.proto import example_gen_pb2, range_config_pb2

from components.ingest.example import SENTENCE, check_metadata_columns
from components.ingest.executor import Executor
from components.ingest.ingest_config import IngestConfig
from components.ingest.layout import NEWEST, find_splits
from components.ingest.read_options import ReadOptions
from components.ingest.span_window import SpanWindow
from components.text.errors import NerError

HASH_BUCKETS = (("train", 8), ("eval", 1), ("test", 1))
"""How a corpus of one split is divided."""


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
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str,
        splits: Sequence[tuple[str, str]] | None = None,
        options: ReadOptions | None = None,
        metadata_columns: Sequence[str] = (),
        hash_buckets: Sequence[tuple[str, int]] = HASH_BUCKETS,
        code_version: str = "",
        window: SpanWindow = NEWEST,
        remove_duplicates: bool | None = None,
        fingerprint: str = "",
    ) -> None:
        """Builds the node.

        Args:
            input_base: the corpus folder.
            splits: (split, file pattern) pairs; None finds them (`layout.find_splits`). Patterns may hold `{SPAN}`.
            options: how files are read.
            metadata_columns: metadata that become features.
            hash_buckets: (split, parts) pairs by which a corpus of one split is divided.
            code_version: part of the cache key, so that changed code reads anew.
            window: which spans to read.
            remove_duplicates: take sentences out of a split that stand in a later one too; None does so where there are
                spans. They are counted either way.
            fingerprint: of the files, part of the cache key: TFX itself looks at the files of the newest span only.

        Raises:
            CorpusError: `splits` is None and the folder's layout is not understood.
            NerError: a metadata column's name, or a combination of arguments, cannot be used.
        """
        splits = list(splits) if splits else find_splits(input_base, window)
        check_metadata_columns(metadata_columns)
        names = [name for name, _ in splits]
        _check_splits(names)
        in_spans = any("{" in pattern for _, pattern in splits)
        if window != NEWEST and not in_spans:
            raise NerError(f"{input_base}: a span was asked for, but the corpus has no span-<N> folders.")
        config = IngestConfig(
            options=options or ReadOptions(),
            metadata_columns=tuple(metadata_columns),
            hold_out=len(splits) > 1 and "eval" not in names,
            span_window=window.size,
            remove_duplicates=in_spans if remove_duplicates is None else remove_duplicates,
            fingerprint=fingerprint if window.size > 1 else "",
            code_version=code_version,
        )
        super().__init__(
            input_base=input_base,
            input_config=example_gen_pb2.Input(
                splits=[example_gen_pb2.Input.Split(name=name, pattern=pattern) for name, pattern in splits]
            ),
            output_config=_output_config(hash_buckets if len(splits) == 1 else ()),
            custom_config=config.pack(),
            range_config=_range_config(window),
        )


def _range_config(window: SpanWindow) -> range_config_pb2.RangeConfig | None:
    """Returns TFX's choice of the newest span of the window; of others it knows nothing."""
    if window.newest is None:
        return None
    only = range_config_pb2.StaticRange(start_span_number=window.newest, end_span_number=window.newest)
    return range_config_pb2.RangeConfig(static_range=only)


def _check_splits(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise NerError(f"[corpus -> splits] names a split twice: {', '.join(names)}. Give each split one pattern.")
    if len(names) > 1 and "train" not in names:
        raise NerError(f"[corpus -> splits] holds {', '.join(names)} and no train. Name the training files train.")


def _output_config(hash_buckets: Sequence[tuple[str, int]]) -> example_gen_pb2.Output:
    """Returns TFX's division by hash, or an empty message, which keeps the splits as they come in."""
    if not hash_buckets:
        return example_gen_pb2.Output()
    split = example_gen_pb2.SplitConfig.Split
    return example_gen_pb2.Output(
        split_config=example_gen_pb2.SplitConfig(
            splits=[split(name=name, hash_buckets=parts) for name, parts in hash_buckets],
            partition_feature_name=SENTENCE,
        )
    )
