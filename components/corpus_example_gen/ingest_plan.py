"""What is read and how it is divided: known when a pipeline is built, or only when it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import message
from tfx.proto import example_gen_pb2, range_config_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import NEWEST, corpus_fingerprint, find_splits
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.example import SENTENCE
from components.corpus_example_gen.ingest_config import IngestConfig


@dataclass(frozen=True)
class IngestPlan:
    """The parameters of CorpusExampleGen.

    Attributes:
        splits: (split, file pattern) pairs; empty: to be found in the corpus when the component runs.
        config: what our executor is told.
        hash_buckets: (split, parts) pairs by which a corpus of one split is divided.
        window: the spans that are read.
    """

    splits: tuple[tuple[str, str], ...]
    config: IngestConfig
    hash_buckets: tuple[tuple[str, int], ...]
    window: SpanWindow = NEWEST

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any], span: int | None) -> IngestPlan:
        """Reads a plan out of a component's execution properties.

        Args:
            properties: as TFX hands them to an executor: `input_config`, `output_config` and `custom_config` as JSON.
            span: number of the newest span to read; None for the newest there is.
        """
        given = _read(properties[standard_component_specs.INPUT_CONFIG_KEY], example_gen_pb2.Input())
        division = _read(properties[standard_component_specs.OUTPUT_CONFIG_KEY], example_gen_pb2.Output())
        config = IngestConfig.unpack(properties.get(standard_component_specs.CUSTOM_CONFIG_KEY))
        return cls(
            splits=tuple((split.name, split.pattern) for split in given.splits),
            config=config,
            hash_buckets=tuple((split.name, split.hash_buckets) for split in division.split_config.splits),
            window=SpanWindow(span, config.span_window),
        )

    def for_corpus(self, folder: str) -> IngestPlan:
        """Returns the plan for a corpus that is there, with everything decided.

        Args:
            folder: the corpus.

        Raises:
            CorpusError: the splits are to be found and the layout is not understood.
            NerError: the splits, or the window of spans, do not fit the corpus.
        """
        splits = self.splits or tuple(find_splits(folder, self.window))
        names = [name for name, _ in splits]
        _check_splits(names)
        in_spans = any("{" in pattern for _, pattern in splits)
        if self.window != NEWEST and not in_spans:
            raise NerError(f"{folder}: a span was asked for, but the corpus has no span-<N> folders.")
        remove = self.config.remove_duplicates
        config = dataclasses.replace(
            self.config,
            hold_out=len(splits) > 1 and "eval" not in names,
            remove_duplicates=in_spans if remove is None else remove,
            fingerprint=self.config.fingerprint if self.window.size > 1 else "",
        )
        return dataclasses.replace(
            self, splits=splits, config=config, hash_buckets=self.hash_buckets if len(splits) == 1 else ()
        )

    def fingerprint_of(self, folder: str) -> str:
        """Returns the SHA-256 of the files that are read (`layout.corpus_fingerprint`).

        Of a plan whose splits were given with `{SPAN}`, of all spans.
        """
        return corpus_fingerprint(folder, list(self.splits) or None, self.window)

    @property
    def input_config(self) -> example_gen_pb2.Input:
        """TFX's message about the splits that are read."""
        split = example_gen_pb2.Input.Split
        return example_gen_pb2.Input(splits=[split(name=name, pattern=pattern) for name, pattern in self.splits])

    @property
    def output_config(self) -> example_gen_pb2.Output:
        """TFX's division by hash, or an empty message, which keeps the splits as they come in."""
        if not self.hash_buckets:
            return example_gen_pb2.Output()
        split = example_gen_pb2.SplitConfig.Split
        return example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(
                splits=[split(name=name, hash_buckets=parts) for name, parts in self.hash_buckets],
                partition_feature_name=SENTENCE,
            )
        )

    @property
    def range_config(self) -> range_config_pb2.RangeConfig | None:
        """TFX's choice of the newest span of the window; of others it knows nothing."""
        if self.window.newest is None:
            return None
        only = range_config_pb2.StaticRange(start_span_number=self.window.newest, end_span_number=self.window.newest)
        return range_config_pb2.RangeConfig(static_range=only)


def _read(text: str, into: message.Message) -> Any:
    proto_utils.json_to_proto(text, into)
    return into


def _check_splits(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise NerError(f"[corpus -> splits] names a split twice: {', '.join(names)}. Give each split one pattern.")
    if len(names) > 1 and "train" not in names:
        raise NerError(f"[corpus -> splits] holds {', '.join(names)} and no train. Name the training files train.")
