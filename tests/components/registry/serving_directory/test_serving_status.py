from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components.registry.errors import RegistryError
from components.registry.serving_directory import serving_status
from components.registry.serving_directory.serving_status import loaded_versions, wait_until_loaded


@pytest.fixture
def server(monkeypatch) -> Iterator[tuple[str, list]]:
    """Address of a server, and its answers in order: versions with their states, or a status code."""
    monkeypatch.setattr(serving_status, "_POLL_SECONDS", 0.01)
    answers: list = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if self.path != "/v1/models/ner" or isinstance(answer, int):
                self.send_error(answer if isinstance(answer, int) else 500)
                return
            rows = [{"version": str(number), "state": state, "status": {}} for number, state in answer]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"model_version_status": rows}).encode())

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/", answers
    http.shutdown()
    http.server_close()


def test_loaded_versions_are_the_available_ones(server):
    address, answers = server
    answers.append([(3, "AVAILABLE"), (4, "LOADING"), (2, "END")])
    assert loaded_versions(address, "ner") == {3}


def test_wait_until_loaded_waits(server):
    address, answers = server
    answers += [404, [(3, "AVAILABLE")], [(3, "AVAILABLE"), (4, "LOADING")], [(3, "AVAILABLE"), (4, "AVAILABLE")]]
    wait_until_loaded(address, "ner", [3, 4], timeout=30)
    assert len(answers) == 1


def test_wait_until_loaded_gives_up(server):
    address, answers = server
    answers.append([(3, "AVAILABLE")])
    with pytest.raises(RegistryError, match=r"version 4, 5 of ner not loaded after 0\.05 s"):
        wait_until_loaded(address, "ner", [3, 4, 5], timeout=0.05)


@pytest.mark.extended
def test_a_wrong_address_is_an_error():
    for address, message in (
        ("localhost:8501", "not an http address"),
        ("http://127.0.0.1:1", "no answer like TensorFlow Serving's"),
    ):
        with pytest.raises(RegistryError, match=message):
            loaded_versions(address, "ner")


@pytest.mark.extended
def test_an_error_of_the_server_is_an_error(server):
    address, answers = server
    answers.append(503)
    with pytest.raises(RegistryError, match="answered 503"):
        loaded_versions(address, "ner")
