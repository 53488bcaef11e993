"""An artificial corpus, and this host's CPU."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """The corpus with everything that training on it needs (support/made_up_corpus.py)."""
    from support.made_up_corpus import MadeUp

    return MadeUp(tmp_path_factory.mktemp("made_up"))


@pytest.fixture(scope="session")
def cpu():
    """This host's CPU."""
    from components.trainer.devices import choose_devices

    return choose_devices("cpu", 1)
