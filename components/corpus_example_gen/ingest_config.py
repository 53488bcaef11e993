"""What CorpusExampleGen hands its executor beyond TFX's own parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from google.protobuf import json_format, wrappers_pb2
from tfx.proto import example_gen_pb2

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
