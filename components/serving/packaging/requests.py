"""Example requests for TensorFlow Serving's REST API, one per signature, and a client that sends them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from components.serving.packaging.prepare import PreparedModel

REQUESTS = "requests"
CLIENT = "client.py"


def request_body(model: PreparedModel, signature: str, rows: int = 1) -> dict[str, Any]:
    """Returns the body of a request.

    It holds rows (`instances`) if every input and output has an open first dimension, and columns (`inputs`) otherwise:
    the server refuses rows for outputs that have none.

    Args:
        model: with requests that it answered.
        signature: one that the model answers.
        rows: 1 or 2; a signature without rows takes one value.
    """
    contract = model.contract.signatures[signature]
    known = {case["rows"]: case["inputs"] for case in model.cases if case["signature"] == signature}
    values = known.get(rows) or next(iter(known.values()))
    # Serialized messages are always base64, even if they happen to be UTF-8.
    columns = {name: _base64(value) if contract.inputs[name].serialized else value for name, value in values.items()}
    tensors = (*contract.inputs.values(), *contract.outputs.values())
    if all(tensor.shape and tensor.shape[0] is None for tensor in tensors):
        count = len(next(iter(columns.values())))
        return {
            "signature_name": signature,
            "instances": [{name: value[row] for name, value in columns.items()} for row in range(count)],
        }
    return {"signature_name": signature, "inputs": columns}


def write_requests(folder: Path, model: PreparedModel) -> list[str]:
    """Writes `requests/<signature>.json` for every signature that answers; returns the signatures."""
    names = sorted({case["signature"] for case in model.cases})
    (folder / REQUESTS).mkdir()
    for name in names:
        text = json.dumps(request_body(model, name), ensure_ascii=False)
        (folder / REQUESTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    return names


def write_client(folder: Path, name: str) -> str:
    """Writes client.py, which sends requests to this model; returns the name of the file."""
    source = (resources.files("components.serving.packaging") / "templates" / CLIENT).read_text(encoding="utf-8")
    (folder / CLIENT).write_text(source.replace('MODEL = "ner"\n', f"MODEL = {json.dumps(name)}\n"), encoding="utf-8")
    return CLIENT


def _base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_base64(item) for item in value]
    if isinstance(value, Mapping):
        return value
    return {"b64": base64.b64encode(value.encode("utf-8")).decode()}
