"""Known answers as they are given, with arrays and bytes, to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from components.exporter.validator.probe.json_values import to_json


def plain_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a known answer whose inputs and outputs are nested lists."""
    return {
        name: {key: plain_values(values) for key, values in value.items()} if name in ("inputs", "outputs") else value
        for name, value in case.items()
    }


def plain_values(values: Any) -> Any:
    """Returns nested lists of numbers, texts, and `{"b64": ...}` for bytes that are no UTF-8."""
    if isinstance(values, np.ndarray | np.generic):
        return to_json(np.asarray(values, object if values.dtype.kind in "SU" else None))
    if isinstance(values, list | tuple):
        return [plain_values(value) for value in values]
    return to_json(np.array(values, object)) if isinstance(values, bytes) else values
