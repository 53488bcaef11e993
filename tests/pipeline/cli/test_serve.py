"""`ner serve` as a process: ports, signals, errors."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from support.build_once import build_once
from support.processes import popen, run
from support.settings import exporter_settings

from pipeline.cli.serve import _example

# A shell's background jobs ignore SIGINT, and their children inherit that.
_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
NER = [sys.executable, "-c", f"{_SIGINT}; from pipeline.cli.main import main; main()", "serve"]
TEXT = "Joe Biden went to Paris"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Folder of a tiny exported model."""

    def build(folder):
        from support.tiny_tagger import TinyTagger

        from components.exporter.contract.contract import build_contract
        from components.exporter.saved_model.embedded_metadata import embed_metadata

        model = TinyTagger(folder / "source").save(folder / "3")
        embed_metadata(model, build_contract(exporter_settings(forward={"source": "string", "tax": "float32"})))

    return build_once(tmp_path_factory, "cli-served", build) / "3"


def started(folder, *options, **environment):
    """Starts a server on free ports; returns the process and the address of REST."""
    command = [*NER, "--model", folder, "--port", "0", "--grpc-port", "0", *options]
    process = popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    lines = []
    for line in process.stderr:
        lines.append(line)
        if match := re.search(r"REST and page: (\S+)(?:  gRPC: (\S+))?", line):
            process.grpc = match[2]
            return process, match[1]
    raise AssertionError(f"ner serve ended with {process.wait()}: {lines}")


def predict(url, texts, token=""):
    """Sends texts to the default signature."""
    body = json.dumps({"instances": texts}).encode()
    request = urllib.request.Request(f"{url}/v1/models/ner:predict", body, {"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["predictions"]


def pending(url):
    """Returns the number of accepted requests without an answer."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as metrics:
        return int(float(re.search(r"^ner_pending_requests (\S+)", metrics.read().decode(), re.MULTILINE)[1]))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.extended)]
)
def test_a_signal_ends_the_server_after_the_answers_to_what_it_has_accepted(folder, number, code):
    process, url = started(folder, "--max-batch-size", "1", "--threads", "1")
    answers, errors = [], []

    def send():
        try:
            answers.append(predict(url, [TEXT] * 2000))
        except urllib.error.URLError as error:
            errors.append(error)

    with process:
        assert predict(url, [TEXT])[0]["tags"] == ["B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION"]
        clients = [threading.Thread(target=send) for _ in range(8)]
        for client in clients:
            client.start()
        while pending(url) + len(answers) < 8:  # every request has reached the server
            time.sleep(0.01)
        process.send_signal(number)
        for client in clients:
            client.join()
        assert not errors
        assert [len(answer) for answer in answers] == [2000] * 8
        assert process.wait(20) == code
        assert f"interrupted ({number.name})" in process.stderr.read()


def test_a_token_is_asked_of_every_client_and_a_larger_body_than_the_option_allows_is_refused(folder):
    options = ["--host", "0.0.0.0", "--no-grpc", "--max-request-bytes", "1000"]
    process, url = started(folder, *options, NER_SERVE_TOKEN="s3cret")
    with process:
        with pytest.raises(urllib.error.HTTPError) as refused:
            predict(url, [TEXT], token="guess")
        assert refused.value.code == 401
        assert len(predict(url, [TEXT], token="s3cret")) == 1
        with pytest.raises(urllib.error.HTTPError) as refused:
            predict(url, [TEXT * 50], token="s3cret")
        assert refused.value.code == 413


def signature(dtype, *shape):
    """Returns a version with one signature of one input."""
    info = SimpleNamespace(dtype=dtype, shape=shape)
    return SimpleNamespace(contract=None, signatures={"serving_default": SimpleNamespace(inputs={"x": info})})


@pytest.mark.parametrize(
    ("version", "body"),
    [
        (signature("float32", None, 2), {"instances": [[1.0, 1.0]]}),
        (signature("string", None), {"instances": ["Angela Merkel visited Paris."]}),
        (signature("int64"), {"inputs": 1}),
        (signature("float32", None, 224, 224, 3), None),
    ],
)
def test_the_request_to_try_has_the_form_of_the_models_inputs(version, body):
    assert _example(version) == body


def test_what_cannot_be_served_is_one_sentence_and_exit_status_1(folder, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"damaged")
    (tmp_path / "empty").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = {
            ("--model", folder, "--port", port): f"--port {port}: Address already in use. Stop the other server",
            ("--model", folder, "--port", "0", "--grpc-port", port): f"--grpc-port {port}: Address already in use",
            ("--model", tmp_path, "--port", "0", "--no-grpc"): "saved_model.pb cannot be read",
            ("--model", tmp_path / "empty"): "empty",
            ("--set", f"work_dir={tmp_path}"): "no champion of the model 'ner'",
            ("--model", folder, "--tls-cert", "c.pem"): "--tls-cert and --tls-key: only one of them",
        }
        for options, text in cases.items():
            result = run([*NER, *options], capture_output=True, text=True, timeout=60)
            assert (result.returncode, "Traceback" in result.stderr) == (1, False), result.stderr
            assert text in result.stderr
            assert [line for line in result.stderr.splitlines() if not line.startswith("ner serve: loading")][1:] == []


@pytest.mark.extended
def test_both_protocols_are_encrypted_with_the_given_certificate(folder, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    import grpc
    from grpc_health.v1 import health_pb2

    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, *subject],
        check=True,
        capture_output=True,
    )
    process, url = started(folder, "--tls-cert", cert, "--tls-key", key)
    with process:
        context = ssl.create_default_context(cafile=cert)
        with urllib.request.urlopen(f"{url}/v1/models/ner", context=context, timeout=30) as answer:
            assert json.load(answer)["model_version_status"][0]["version"] == "3"
        with grpc.secure_channel(process.grpc, grpc.ssl_channel_credentials(cert.read_bytes())) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                health_pb2.HealthCheckRequest.SerializeToString,
                health_pb2.HealthCheckResponse.FromString,
            )
            assert check(health_pb2.HealthCheckRequest(), timeout=30).status == health_pb2.HealthCheckResponse.SERVING
