"""The choice of signatures that `export_model` and `add_signatures` share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from components.keys import KEYED


@dataclasses.dataclass(frozen=True)
class Signatures:
    """The signatures of a served model besides the plain one.

    Attributes:
        default: the signature that becomes `serving_default`, e.g. `keyed`; None: the plain one.
        key: name of the key; adds a signature that returns a key next to the answer. None: not added.
        forward: feature -> dtype (`string`, `float32`, `int64`); adds the signature `feature_forward`, which returns
            the features next to the answer. An input of the model keeps its own dtype and shape.
        keep_default_as: further name of the plain `serving_default`; None: `unkeyed_signature` if another signature
            replaces it.
        key_dtype: dtype of the key (`string`, `float32`, `int64`). An input of the model keeps its own.
        keyed_as: name of the signature with the key.

    Example:
        >>> Signatures(default="keyed", key="row")
        Signatures(default='keyed', key='row', forward={}, keep_default_as=None, key_dtype='string', keyed_as='keyed')
    """

    default: str | None = None
    key: str | None = None
    forward: Mapping[str, str] = dataclasses.field(default_factory=dict)
    keep_default_as: str | None = None
    key_dtype: str = "string"
    keyed_as: str = KEYED
