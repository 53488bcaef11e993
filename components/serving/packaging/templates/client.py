#!/usr/bin/env python3
"""Client of this model behind TensorFlow Serving, `ner serve` or KServe.

REST needs Python's standard library only:

    python client.py --text "Joe Biden went to Paris"
    python client.py requests/keyed.json
    python client.py --label champion --signature keyed requests/keyed.json

gRPC needs `pip install tensorflow-serving-api`:

    python client.py --grpc localhost:8500 requests/keyed.json

A bearer token is read from the environment variable NER_SERVE_TOKEN. The functions `predict_rest` and `predict_grpc`
can be imported.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from typing import Any

MODEL = "ner"
URL = "http://localhost:8501"
TRIES = 4


class ServerError(Exception):
    """The server refuses the request, or does not answer."""


def predict_rest(
    body: dict[str, Any],
    *,
    url: str = URL,
    model: str = MODEL,
    version: str = "",
    label: str = "",
    headers: dict[str, str] | None = None,
    timeout: float = 60.0,
    ca: str | None = None,
) -> dict[str, Any]:
    """Sends a request in TensorFlow Serving's JSON; a busy server is asked again when it says so.

    Args:
        body: `{"signature_name": ..., "instances": [...]}` or `{"inputs": {...}}`.
        url: scheme, host and port.
        model: its name.
        version: of the model; empty: the server chooses.
        label: of the version.
        headers: more headers.
        timeout: seconds of one try.
        ca: certificate (PEM) that signed the server's; None: those of the system.

    Returns:
        `{"predictions": [...]}` or `{"outputs": ...}`.

    Raises:
        ServerError: no answer.
    """
    choice = f"/versions/{version}" if version else f"/labels/{urllib.parse.quote(label, '')}" if label else ""
    address = f"{url.rstrip('/')}/v1/models/{urllib.parse.quote(model, '')}{choice}:predict"
    sent = {"Content-Type": "application/json", **_authorization(), **(headers or {})}
    context = ssl.create_default_context(cafile=ca) if address.startswith("https:") else None
    for attempt in range(1, TRIES + 1):
        request = urllib.request.Request(address, json.dumps(body).encode(), sent)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            if error.code != 503 or attempt == TRIES:
                raise ServerError(f"{address}: {error.code} {_reason(text)}") from error
            time.sleep(_seconds(error.headers.get("Retry-After")))
        except OSError as error:
            raise ServerError(f"{address}: {getattr(error, 'reason', error)}") from error
    raise AssertionError("unreachable")


def predict_grpc(
    body: dict[str, Any],
    *,
    target: str,
    model: str = MODEL,
    version: str = "",
    label: str = "",
    timeout: float = 60.0,
    ca: str | None = None,
) -> dict[str, Any]:
    """Sends the same request over gRPC.

    Args:
        body: as for `predict_rest`.
        target: host and port.
        model: its name.
        version: of the model; empty: the server chooses.
        label: of the version.
        timeout: seconds of one call.
        ca: certificate (PEM) that signed the server's; None: no TLS.

    Returns:
        The same as `predict_rest`; strings that are not UTF-8 are `{"b64": ...}`.

    Raises:
        ServerError: no answer.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow would print a page about the machine
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    spec = request.model_spec
    spec.name, spec.signature_name = model, body.get("signature_name", "serving_default")
    if version:
        spec.version.value = int(version)
    elif label:
        spec.version_label = label
    question = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    question.model_spec.CopyFrom(spec)
    metadata = [(name.lower(), value) for name, value in _authorization().items()]
    options = {"timeout": timeout, "metadata": metadata, "wait_for_ready": True}
    with _channel(grpc, target, ca) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            described = get_model_metadata_pb2.SignatureDefMap()
            stub.GetModelMetadata(question, **options).metadata["signature_def"].Unpack(described)
            if spec.signature_name not in described.signature_def:
                raise ServerError(f"{target}: no signature {spec.signature_name}; {sorted(described.signature_def)}")
            inputs = described.signature_def[spec.signature_name].inputs
            for name, values in _columns(body, sorted(inputs)).items():
                if name not in inputs:
                    raise ServerError(f"{target}: no input {name}; signature {spec.signature_name}: {sorted(inputs)}")
                request.inputs[name].CopyFrom(tf.make_tensor_proto(_from_json(values), dtype=inputs[name].dtype))
            response = stub.Predict(request, **options)
        except grpc.RpcError as error:
            raise ServerError(f"{target}: {error.code().name} {error.details()}") from error
    outputs = {name: _to_json(tf.make_ndarray(tensor).tolist()) for name, tensor in response.outputs.items()}
    if "instances" in body:
        rows = [dict(zip(outputs, row)) for row in zip(*outputs.values())]  # noqa: B905 - for Python 3.9
        return {"predictions": [row[next(iter(row))] for row in rows] if len(outputs) == 1 else rows}
    return {"outputs": next(iter(outputs.values())) if len(outputs) == 1 else outputs}


def _channel(grpc: Any, target: str, ca: str | None) -> Any:
    retry = {
        "maxAttempts": TRIES,
        "initialBackoff": "0.2s",
        "maxBackoff": "5s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    options = [("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": retry}]}))]
    if ca is None:
        return grpc.insecure_channel(target, options)
    with open(ca, "rb") as file:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()), options)


def _columns(body: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Returns the inputs by name, of either form."""
    if "instances" not in body:
        inputs = body["inputs"]
        return inputs if isinstance(inputs, dict) and set(inputs) != {"b64"} else {names[0]: inputs}
    rows = body["instances"]
    if rows and isinstance(rows[0], dict) and set(rows[0]) != {"b64"}:
        return {name: [row[name] for row in rows] for name in rows[0]}
    return {names[0]: rows}


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def _to_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def _authorization() -> dict[str, str]:
    token = os.environ.get("NER_SERVE_TOKEN", "")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _read(name: str) -> dict[str, Any]:
    if name == "-":
        return dict(json.load(sys.stdin))
    with open(name, encoding="utf-8") as file:
        return dict(json.load(file))


def _reason(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text[:500]


def _seconds(retry_after: str | None) -> float:
    return min(float(retry_after), 30.0) if retry_after and retry_after.isdigit() else 1.0


def main() -> int:
    """Prints the answer to each request, one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", nargs="*", metavar="FILE", help="bodies of requests (JSON); - is standard input")
    parser.add_argument("--text", action="append", default=[], help="sentence for the signature serving_default")
    parser.add_argument("--url", default=URL, help="of the server, for REST (default: %(default)s)")
    parser.add_argument("--grpc", metavar="HOST:PORT", help="use gRPC")
    parser.add_argument("--model", default=MODEL, help="name of the model (default: %(default)s)")
    parser.add_argument("--version", default="", help="version of the model")
    parser.add_argument("--label", default="", help="label of the version, such as champion")
    parser.add_argument("--signature", help="signature, in place of the one that the request names")
    parser.add_argument("--header", action="append", default=[], help="header for REST, such as 'Host: ner.example'")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds (default: %(default)s)")
    parser.add_argument("--ca", help="certificate (PEM) that signed the server's")
    options = parser.parse_args()
    if not options.requests and not options.text:
        parser.error("give a FILE or --text")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of the libraries of gRPC
    chosen = {"model": options.model, "version": options.version, "label": options.label}
    chosen |= {"timeout": options.timeout, "ca": options.ca}
    try:
        bodies = [_read(name) for name in options.requests]
        bodies += [{"instances": options.text}] if options.text else []
        for body in bodies:
            if options.signature:
                body["signature_name"] = options.signature
            if options.grpc:
                answer = predict_grpc(body, target=options.grpc, **chosen)
            else:
                headers = dict(header.split(": ", 1) for header in options.header)
                answer = predict_rest(body, url=options.url, headers=headers, **chosen)
            print(json.dumps(answer, ensure_ascii=False))
    except (ServerError, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
