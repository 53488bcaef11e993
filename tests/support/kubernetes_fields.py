"""Fields of Kubernetes manifests, compared with Kubernetes' own descriptions in its client, which comes with kfp."""

from __future__ import annotations

import re
from typing import Any

import pytest


def unknown_fields(document: Any) -> list[str]:
    """Returns the fields of a manifest that Kubernetes' description of its kind does not have."""
    return _unknown(document, f"V1{document['kind']}", document["kind"])


def _unknown(value: Any, kind: str, path: str) -> list[str]:
    client = pytest.importorskip("kubernetes.client", reason="comes with kfp")
    if inner := re.fullmatch(r"list\[(\w+)\]", kind):
        return [name for number, one in enumerate(value) for name in _unknown(one, inner[1], f"{path}[{number}]")]
    model = getattr(client, kind, None)
    if model is None:  # text, number, or a mapping of free keys
        return []
    types = {json: model.openapi_types[name] for name, json in model.attribute_map.items()}
    wrong = [f"{path}.{name}" for name in value if name not in types]
    known = {name: one for name, one in value.items() if name in types}
    return wrong + [bad for name, one in known.items() for bad in _unknown(one, types[name], f"{path}.{name}")]
