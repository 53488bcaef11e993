"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# TensorFlow's greetings would bury pytest's summary; read when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real corpora (../shared/data) are not here")
    return SHARED
