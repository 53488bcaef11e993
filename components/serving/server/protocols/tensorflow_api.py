"""TensorFlow Serving's messages about models, and its paths.

The generated classes come from tensorflow-serving-api. They import TensorFlow's own messages, which
`probe.c_api.serving_protos` provides without `import tensorflow`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_to_bytes

from google.protobuf import json_format

from components.exporter.validator.probe.c_api import protos, serving_protos
from components.serving.server.engine import ServedVersion, VersionStatus
from components.serving.server.errors import InvalidArgumentError
from components.serving.server.predict_call import VersionChoice

SIGNATURE_DEF = "signature_def"
_LARGEST_VERSION = (1 << 63) - 1
# kPredictionApiGegex and kModelStatusApiRegex of http_rest_api_util.cc
_SPEC = r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?"
_POST = re.compile(rf"(?i:{_SPEC}):(classify|regress|predict)", re.ASCII)
_GET = re.compile(rf"(?i:{_SPEC})(?:/(metadata))?", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Target:
    """The version and method that a path names; the method of GET is `status` or `metadata`."""

    chosen: VersionChoice
    method: str


@functools.lru_cache(maxsize=1000)
def target(http_method: str, path: str) -> Target:
    """Parses a path below /v1.

    Example:
        >>> target("POST", "/v1/models/ner/labels/champion:predict")
        Target(chosen=VersionChoice(model='ner', version=None, label='champion'), method='predict')

    Raises:
        InvalidArgumentError: TensorFlow Serving has no such path.
    """
    match = {"POST": _POST, "GET": _GET}[http_method].fullmatch(path) if http_method in ("POST", "GET") else None
    if match is None:
        raise InvalidArgumentError(f"Malformed request: {http_method} {path[:500]}")
    model, version, label, method = match.groups()
    if version is not None and int(version[:20]) > _LARGEST_VERSION:
        raise InvalidArgumentError(f"Failed to convert version: {version[:40]} to numeric.")
    try:
        model, label = (None if text is None else unquote_to_bytes(text).decode() for text in (model, label))
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(f"Malformed request: {path[:500]} is not UTF-8") from error
    chosen = VersionChoice(str(model), None if version is None else int(version), label)
    return Target(chosen, method or "status")


@functools.cache
def messages() -> Any:
    """Returns the generated modules of tensorflow-serving-api."""
    return SimpleNamespace(
        metadata=serving_protos("apis.get_model_metadata_pb2"),
        status=serving_protos("apis.get_model_status_pb2"),
        predict=serving_protos("apis.predict_pb2"),
        error_codes=protos("core.protobuf.error_codes_pb2"),
    )


def status_message(statuses: list[VersionStatus]) -> Any:
    """Returns a `GetModelStatusResponse`."""
    apis = messages()
    response = apis.status.GetModelStatusResponse()
    for status in statuses:
        response.model_version_status.add(
            version=status.version,
            state=apis.status.ModelVersionStatus.State.Value(status.state),
            status={
                "error_code": apis.error_codes.Code.Value(status.code),
                "error_message": status.message,
            },
        )
    return response


def metadata_message(served: ServedVersion) -> Any:
    """Returns a `GetModelMetadataResponse` with the signatures as the SavedModel defines them."""
    apis = messages()
    response = apis.metadata.GetModelMetadataResponse()
    response.model_spec.name = served.model
    response.model_spec.version.value = served.number
    response.metadata[SIGNATURE_DEF].Pack(_signature_map(served))
    return response


def status_json(statuses: list[VersionStatus]) -> bytes:
    """Returns the status as TensorFlow Serving prints it."""
    return _json(status_message(statuses), preserving_proto_field_name=False).encode()


def metadata_json(served: ServedVersion) -> bytes:
    """Returns the metadata as TensorFlow Serving prints them: the message without its `Any`."""
    spec = _json(metadata_message(served).model_spec, preserving_proto_field_name=True)
    signatures = _json(_signature_map(served), preserving_proto_field_name=True)
    return f'{{\n"model_spec":{spec},\n"metadata": {{"signature_def": {signatures}}}\n}}\n'.encode()


def _signature_map(served: ServedVersion) -> Any:
    signatures = messages().metadata.SignatureDefMap()
    for name, definition in served.definitions.items():
        signatures.signature_def[name].CopyFrom(definition)
    return signatures


def _json(message: Any, **options: Any) -> str:
    return str(json_format.MessageToJson(message, indent=1, **_all_fields(), **options))


@functools.cache
def _all_fields() -> dict[str, bool]:
    """Returns the option that prints empty fields; protobuf 5 renamed it."""
    names = inspect.signature(json_format.MessageToJson).parameters
    name = "always_print_fields_with_no_presence"
    return {name if name in names else "including_default_value_fields": True}
