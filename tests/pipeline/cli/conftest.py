"""Fixtures for tests of `ner kfp`."""

from support.kfp_fixtures import compiled, fake, ner, no_machine_settings, server, swagger, uploaded  # noqa: F401
