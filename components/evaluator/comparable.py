"""Whether a SavedModel can be evaluated at all, seen before TFMA runs into it."""

from __future__ import annotations

import os

from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tfx.dsl.io import fileio

NEEDED = ("tags", "starts", "ends")
"""Outputs that the evaluation reads."""


def why_not_comparable(folder: str, signature: str) -> str:
    """Says in words why a model cannot be evaluated.

    Args:
        folder: the SavedModel.
        signature: the signature that is to take serialized Examples.

    Returns:
        What is missing, or "" when nothing is.
    """
    model = SavedModel()
    with fileio.open(os.path.join(folder, "saved_model.pb"), "rb") as file:
        model.ParseFromString(file.read())
    signatures = dict(model.meta_graphs[0].signature_def) if model.meta_graphs else {}
    if signature not in signatures:
        there = sorted(name for name in signatures if not name.startswith("__"))
        return f"it has no signature {signature!r}, only {', '.join(there) or 'none at all'}"
    missing = sorted(set(NEEDED) - set(signatures[signature].outputs))
    if missing:
        return f"its signature {signature!r} does not give {', '.join(missing)}"
    if len(signatures[signature].inputs) != 1:
        return (
            f"its signature {signature!r} takes {', '.join(sorted(signatures[signature].inputs))} instead of one input"
        )
    return ""
