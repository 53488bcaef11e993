"""Fixtures for tests of the KFP client."""

from support.kfp_fixtures import (  # noqa: F401
    compiled,
    connection,
    fake,
    no_machine_settings,
    server,
    spec,
    started,
    swagger,
    version,
)  # fmt: skip
