"""Requests as TensorFlow Serving's REST API takes them, one a signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.exporter.contract.tensors import SignatureContract
from components.serving.packaging.prepared_model import PreparedModel

REQUESTS = "requests"


def request_body(model: PreparedModel, signature: str, rows: int = 1) -> dict[str, Any]:
    """Returns the body of a request.

    Rows (`instances`) where every input and output has an open first dimension, columns (`inputs`) otherwise: the
    server refuses rows of outputs that are not one a row.

    Args:
        model: gives the values: requests that it answered.
        signature: one that the model answers.
        rows: how many, 1 or 2; a signature without rows takes one value.
    """
    contract = model.contract.signatures[signature]
    found = {case["rows"]: case["inputs"] for case in model.cases if case["signature"] == signature}
    values = found.get(rows) or next(iter(found.values()))
    columns = {name: _safe(contract, name, value) for name, value in values.items()}
    tensors = (*contract.inputs.values(), *contract.outputs.values())
    if all(tensor.shape and tensor.shape[0] is None for tensor in tensors):
        count = len(next(iter(columns.values())))
        return {
            "signature_name": signature,
            "instances": [{name: value[row] for name, value in columns.items()} for row in range(count)],
        }
    return {"signature_name": signature, "inputs": columns}


def write_requests(folder: Path, model: PreparedModel) -> list[str]:
    """Writes `requests/<signature>.json` for every signature that answers; returns their names."""
    names = sorted({case["signature"] for case in model.cases})
    (folder / REQUESTS).mkdir()
    for name in names:
        text = json.dumps(request_body(model, name), ensure_ascii=False)
        (folder / REQUESTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    return names


def curl_lines(names: list[str], url: str) -> list[str]:
    """Returns one command a signature, run beside the folder `requests`."""
    return [f"curl -X POST {url} -d @{REQUESTS}/{name}.json" for name in names]


def _safe(contract: SignatureContract, name: str, value: Any) -> Any:
    """Serialized messages always go as base64, also those that happen to be UTF-8."""
    return _encoded(value) if contract.inputs[name].serialized else value


def _encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    if isinstance(value, Mapping):
        return value
    return {"b64": base64.b64encode(value.encode("utf-8")).decode()}
