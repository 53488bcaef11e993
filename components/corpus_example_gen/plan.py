"""What is read and how it is divided: known when a pipeline is built, or only when it runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, message, wrappers_pb2
from tfx.proto import example_gen_pb2, range_config_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import NEWEST, corpus_fingerprint, find_splits
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.example import SENTENCE
from components.corpus_example_gen.readers.read_options import ReadOptions


@dataclass(frozen=True)
class IngestConfig:
    """The content of TFX's `custom_config`, part of what decides whether a cached run is used again.

    Attributes:
        options: how files are read.
        metadata_columns: metadata that become features.
        hold_out: take the split `eval` out of `train`, one sentence in ten by hash.
        span_window: how many spans are read, the newest of them being TFX's.
        remove_duplicates: take out of a split what stands in a later one too; otherwise it is only counted. None: where
            the corpus has spans, which an `IngestPlan` finds out.
        fingerprint: of the files that are read; read by nobody, since TFX looks at those of the newest span only.
        code_version: the version of our code; read by nobody, so that a change of code is a change of parameters.
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    metadata_columns: tuple[str, ...] = ()
    hold_out: bool = False
    span_window: int = 1
    remove_duplicates: bool | None = False
    fingerprint: str = ""
    code_version: str = ""

    def pack(self) -> example_gen_pb2.CustomConfig:
        """Returns TFX's message: a string of JSON inside an Any."""
        values = {**vars(self), "options": self.options.to_dict()}
        packed = example_gen_pb2.CustomConfig()
        packed.custom_config.Pack(wrappers_pb2.StringValue(value=json.dumps(values, sort_keys=True)))
        return packed

    @classmethod
    def unpack(cls, custom_config: str | None) -> IngestConfig:
        """Reads the execution property, JSON of what `pack` gave; nothing gives the defaults."""
        if not custom_config:
            return cls()
        packed, text = example_gen_pb2.CustomConfig(), wrappers_pb2.StringValue()
        json_format.Parse(custom_config, packed)
        packed.custom_config.Unpack(text)
        values = json.loads(text.value)
        options, columns = ReadOptions.from_dict(values.pop("options")), tuple(values.pop("metadata_columns"))
        return cls(options, columns, **values)


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
