"""Running servers for the page."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time

import pytest
from support.build_once import build_once
from support.processes import popen

_NER = "import sys; from pipeline.cli.main import main; main(sys.argv[1:])"


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Serving folder of all models in support/served_models.py."""

    def build(folder):
        from support.served_models import save_models

        save_models(folder)

    return build_once(tmp_path_factory, "page-models", build)


@pytest.fixture(scope="session")
def serving(tmp_path_factory):
    """Context manager: `ner serve` of a serving folder; its value is the address of the page."""

    @contextlib.contextmanager
    def start(folder, **environment):
        log = tmp_path_factory.mktemp("page-server") / "stderr"
        command = [sys.executable, "-c", _NER, "serve", "--model", folder, "--port", "0", "--no-grpc", "--poll", "0.2"]
        with log.open("wb") as stderr, popen(command, stderr=stderr, env={**os.environ, **environment}) as process:
            while not (address := re.search(r"REST and page: (\S+)", log.read_text(encoding="utf-8"))):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.05)
            yield f"{address[1]}/"

    return start


@pytest.fixture(scope="module")
def server(models, serving):
    """Address of a server of all models."""
    with serving(models) as address:
        yield address
