"""TensorFlow Serving's messages and paths."""

from __future__ import annotations

import json
import sys

import pytest
from support.processes import run

from components.serving.server.engine import VersionStatus
from components.serving.server.errors import InvalidArgumentError
from components.serving.server.predict_call import VersionChoice
from components.serving.server.protocols.tensorflow_api import Target, status_json, target

# The services need messages of TensorFlow only; importing it takes seconds.
ALONE = """
import asyncio, sys
from components.serving.server.engine import Engine
from components.serving.server.grpc_service import grpc_server
from components.serving.server.rest import rest_app
from components.serving.server.settings import ServerSettings

async def main():
    grpc_server(Engine(SETTINGS), SETTINGS)
    rest_app(Engine(SETTINGS), SETTINGS)

SETTINGS = ServerSettings()
asyncio.run(main())
print([name for name in ("tensorflow", "keras", "tfx") if name in sys.modules])
"""


def test_the_server_starts_without_importing_tensorflow():
    process = run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == "[]"


def test_paths_are_read_like_by_tensorflow_serving():
    assert target("GET", "/v1/models/a%20b/versions/7/metadata") == Target(VersionChoice("a b", 7), "metadata")
    assert target("GET", "/v1/models/ner") == Target(VersionChoice("ner"), "status")
    for path in ("/v1/models", "/v1/models/a/b", "/v1/models/%FF", "/v1/models/ner/versions/x"):
        with pytest.raises(InvalidArgumentError, match="Malformed request"):
            target("GET", path)


def test_a_failed_version_keeps_its_status():
    text = status_json([VersionStatus(2, "END", "INTERNAL", "damaged")])
    (status,) = json.loads(text)["model_version_status"]
    assert status == {"version": "2", "state": "END", "status": {"error_code": "INTERNAL", "error_message": "damaged"}}
