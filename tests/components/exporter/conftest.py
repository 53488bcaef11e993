"""Fixtures of the Exporter's tests."""

from __future__ import annotations

import dataclasses
import types

import pytest
from support.settings import exporter_settings

from components.exporter.contract.contract import build_contract


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Namespace: `Tagger` to subclass, the sound export's `folder`, its `contract`, and `golden` sentences."""
    from support.tiny_tagger import TinyTagger, golden_tags

    folder = tmp_path_factory.mktemp("tiny")
    settings = exporter_settings(forward={"source": "string", "tax": "float32"})
    sentences = ["Joe Biden visited Paris France", "", "Xi Jinping went", "Kyiv unheard Paris"]
    return types.SimpleNamespace(
        Tagger=TinyTagger,
        folder=TinyTagger(folder / "source").save(folder / "model"),
        contract=dataclasses.replace(build_contract(settings), max_characters=0),  # it takes texts of any length
        golden=[{"sentence": sentence, "tags": golden_tags(sentence)} for sentence in sentences],
    )


@pytest.fixture
def serve():
    """Function from a folder to `support.server.Server`; servers are closed after the test."""
    from support.server import Server

    servers = []

    def start(folder):
        servers.append(Server(folder))
        return servers[-1]

    yield start
    for server in servers:
        server.session.close()
