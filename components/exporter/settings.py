"""What an export is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

# Spellings of dtypes in configuration, and the ones TensorFlow knows.
FORWARD_DTYPES = ("string", "float32", "int64")


@dataclasses.dataclass(frozen=True)
class ExportSettings:
    """Which signatures an exported model has; configs/base.yaml holds the defaults.

    Attributes:
        default: which signature is `serving_default`: `plain` or `keyed`. The other stays as `keyed` or `unkeyed`.
        forward: features that `feature_forward` hands through: name -> dtype (`FORWARD_DTYPES`), shape [batch] each.
    """

    default: str
    forward: Mapping[str, str]
