"""Configured settings of a search."""

from __future__ import annotations

import pytest
from support.settings import trainer_settings


@pytest.fixture(scope="session")
def tagger_settings():
    """Settings of a training that takes seconds."""
    return trainer_settings(tagger="cnn_linear", epochs=2, cnn_linear__linear_weights=1000)
