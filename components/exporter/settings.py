"""Settings of the Exporter: the section `exporter` of the configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import field_validator

from components.common.settings import Count, Settings

# Inputs and outputs of the exported model (schemas/serving_contract.yaml).
_TAKEN = {"sentence", "tokens", "tags", "scores", "starts", "ends", "truncated"}
_TAKEN |= {f"entity_{name}" for name in ("texts", "types", "starts", "ends", "scores")}

# Spellings of dtypes in configuration, and the ones TensorFlow knows.
FORWARD_DTYPES = ("string", "float32", "int64")
# Groups of outputs beside `tags`; schemas/serving_contract.yaml says what is in each.
OUTPUTS = ("tokens", "scores", "offsets", "entities")
BEST, CONSTRAINED = "best", "constrained"
DECODINGS = (BEST, CONSTRAINED)


@dataclasses.dataclass(frozen=True)
class ExportSettings:
    """Which signatures an exported model has; configs/base.yaml holds the defaults.

    Attributes:
        default: which signature is `serving_default`: `plain` or `keyed`. The other stays as `keyed` or
            `unkeyed_signature`.
        forward: features that `feature_forward` hands through: name -> dtype (`FORWARD_DTYPES`), shape [batch] each.
        outputs: groups of outputs (`OUTPUTS`). `serving_examples` always has tokens, scores and offsets as well.
        pad: what fills rows of strings.
        token_length: columns of outputs; longer sentences are cut there, and output `truncated` says so. None: as many
            as the longest sentence has tokens, and nothing is cut. `serving_examples` never cuts.
        decoding: `best` (each token's most probable tag) or `legal` (the most probable legal IOB2 sequence).
    """

    default: str
    forward: Mapping[str, str]
    outputs: Sequence[str] = ("tokens", "scores", "offsets")
    pad: str = "[PAD]"
    token_length: int | None = None
    decoding: str = BEST


class ExporterSettings(Settings):
    """Signatures, outputs and decoding of the exported model; configs/base.yaml explains each setting."""

    default: Literal["plain", "keyed"]
    forward: dict[str, Literal["string", "float32", "int64"]]
    outputs: tuple[Literal["tokens", "scores", "offsets", "entities"], ...]
    decoding: Literal["constrained", "best"]
    pad: str
    token_length: Count | None
    allow_breaking_changes: bool
    golden_sentences: Count

    @field_validator("forward")
    @classmethod
    def _names_are_free(cls, forward: dict[str, str]) -> dict[str, str]:
        taken = sorted(_TAKEN & set(forward))
        if taken:
            raise ValueError(f"cannot forward {', '.join(taken)}: the model's own inputs and outputs have these names")
        return forward
