"""Settings with which the server does not start."""

from __future__ import annotations

import asyncio

import pytest

from components.common.errors import NerError
from components.serving.server.server import Server, serve
from components.serving.server.settings import ServerSettings


@pytest.mark.parametrize("grpc", [{}, {"grpc_port": None}])
def test_an_address_of_another_machine_is_named(grpc):
    settings = ServerSettings(host="192.0.2.1", port=0, **grpc)
    with pytest.raises(NerError, match=r"--host 192.0.2.1: .*Give an address of this machine"):
        asyncio.run(Server(settings, dict).start())


@pytest.mark.parametrize("token", ["s3cret\n", "two words", "s\xe9same"])
def test_a_token_that_no_client_can_send_is_refused(token):
    with pytest.raises(NerError, match="NER_SERVE_TOKEN: a space, line break or non-ASCII character"):
        serve(ServerSettings(token=token), dict, lambda server: None)
