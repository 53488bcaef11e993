"""A made-up corpus that needs no transform graph."""

from __future__ import annotations

import runpy

import pytest
from support.repository import ROOT


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """The corpus with all that training on it needs (made_up_corpus.py)."""
    program = runpy.run_path(str(ROOT / "tests" / "support" / "made_up_corpus.py"))
    return program["MadeUp"](tmp_path_factory.mktemp("made_up"))


@pytest.fixture(scope="session")
def cpu():
    """This host's CPU."""
    from components.trainer.devices import choose_devices

    return choose_devices("cpu", 1)
