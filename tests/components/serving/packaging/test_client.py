"""The packages' client, run against the project's own server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

import numpy as np
import pytest
import uvicorn
from support.echo_engine import EchoEngine
from support.processes import run
from support.tensors import objects

from components.keys import SERVING_DEFAULT
from components.serving.packaging.packaging import package
from components.serving.packaging.prepare import ModelVersion
from components.serving.packaging.settings import PackageSettings
from components.serving.server.engine import Engine
from components.serving.server.errors import ResourceExhaustedError
from components.serving.server.grpc_service import grpc_server
from components.serving.server.rest import rest_app
from components.serving.server.settings import ServerSettings

pytestmark = pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True, scope="session")
SIGNATURES = ["feature_forward", "keyed", SERVING_DEFAULT, "serving_examples"]


@pytest.fixture(scope="module")
def folder(exported, tmp_path_factory):
    """A package for TensorFlow Serving of the model `news`."""
    folder = tmp_path_factory.mktemp("client") / "package"
    package([ModelVersion(exported("plain"), 7, ("champion",))], folder, "tf-serving", PackageSettings("news"))
    return folder


@contextlib.asynccontextmanager
async def servers(engine, settings):
    """Yields the ports of REST and gRPC."""
    rest = uvicorn.Server(uvicorn.Config(rest_app(engine, settings), port=0, log_level="error", lifespan="off"))
    rpc = grpc_server(engine, settings)
    grpc_port = rpc.add_insecure_port("127.0.0.1:0")
    await rpc.start()
    task = asyncio.create_task(rest.serve())
    while not rest.started:
        await asyncio.sleep(0.01)
    try:
        yield rest.servers[0].sockets[0].getsockname()[1], grpc_port
    finally:
        rest.should_exit = True
        await task
        await rpc.stop(0)


def clients(folder, commands, engine=None, settings=None, **environment):
    """Runs client.py with each list of arguments; `{rest}` and `{grpc}` are the ports."""

    async def serve():
        used = engine or Engine()
        if engine is None:
            await used.update("news", {7: folder / "news" / "7"}, {"champion": 7})
        async with servers(used, settings or ServerSettings()) as (rest, grpc):
            results = []
            for python, arguments in commands:
                command = [
                    sys.executable,
                    *python,
                    "client.py",
                    *(each.format(rest=rest, grpc=grpc) for each in arguments),
                ]
                options = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
                results.append(await asyncio.to_thread(run, command, **options))
            return results

    return asyncio.run(serve())


REST = ("--url", "http://127.0.0.1:{rest}")
STANDARD = ("-I", "-S")  # no installed packages


def test_the_client_needs_only_the_standard_library_for_rest(folder):
    files = [f"requests/{signature}.json" for signature in SIGNATURES]
    commands = [
        (STANDARD, [*REST, *files]),
        (STANDARD, [*REST, "--text", "Joe Biden visited Paris", "--label", "champion"]),
        (STANDARD, [*REST, "--version", "8", *files]),
        (STANDARD, [*REST, "--signature", "none", *files]),
        (STANDARD, ["--url", "http://127.0.0.1:1", *files]),
    ]
    answered, text, *refused = clients(folder, commands)
    assert answered.returncode == text.returncode == 0, answered.stderr + text.stderr
    answers = [json.loads(line) for line in answered.stdout.splitlines()]
    assert len(answers) == len(SIGNATURES)
    assert all(answer["predictions"][0]["tags"] for answer in answers)
    assert json.loads(text.stdout)["predictions"][0]["tags"] == ["B-NAME", "I-NAME", "OUT", "B-LOCATION"]
    reasons = ["404 model 'news': no version 8", '400 Serving signature name: "none" not found', "Connection refused"]
    for process, reason in zip(refused, reasons, strict=True):
        assert (process.returncode, process.stdout) == (1, "")
        assert process.stderr.startswith("ServerError: http://127.0.0.1:")
        assert reason in process.stderr
        assert "Traceback" not in process.stderr


@pytest.mark.extended
def test_both_protocols_give_the_same_answers(folder):
    files = [f"requests/{signature}.json" for signature in SIGNATURES]
    (folder / "column.json").write_text(json.dumps({"inputs": ["Joe Biden", {"b64": "UGFyaXM="}]}))
    rest, grpc, refused = clients(
        folder,
        [
            (STANDARD, [*REST, "--label", "champion", *files, "column.json"]),
            ((), ["--grpc", "127.0.0.1:{grpc}", "--label", "champion", *files, "column.json"]),
            ((), ["--grpc", "127.0.0.1:{grpc}", "--signature", "none", "column.json"]),
        ],
    )
    assert rest.returncode == grpc.returncode == 0, rest.stderr + grpc.stderr
    assert rest.stderr == grpc.stderr == ""
    answers = [[json.loads(line) for line in process.stdout.splitlines()] for process in (rest, grpc)]
    assert len(answers[0]) == len(SIGNATURES) + 1
    assert rounded(answers[0]) == rounded(answers[1])
    assert refused.returncode == 1
    assert refused.stderr.startswith("ServerError: 127.0.0.1:")
    assert "no signature none" in refused.stderr
    (folder / "column.json").unlink()


def rounded(value):
    """Returns answers with numbers as 32-bit floats: gRPC sends these, and JSON their decimals."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(np.float32(value)) if isinstance(value, float) else value


class BusyEngine(EchoEngine):
    """Has a full queue for the first requests."""

    async def predict(self, request):
        self.error = ResourceExhaustedError("queue: full.", 0.1) if len(self.requests) < 2 else None
        return await super().predict(request)


def test_a_busy_server_is_asked_again_and_the_token_is_sent(folder):
    engine = BusyEngine()
    engine.outputs = {"tags": objects([b"O"], 1)}
    arguments = [*REST, "--model", "echo", "--text", "Joe"]
    [answered] = clients(
        folder, [(("-S",), arguments)], engine, ServerSettings(token="secret"), NER_SERVE_TOKEN="secret"
    )
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout) == {"predictions": ["O"]}
    assert len(engine.requests) == 3
    [refused] = clients(folder, [(("-S",), arguments)], engine, ServerSettings(token="secret"))
    assert (refused.returncode, "401 Send the header" in refused.stderr) == (1, True)
