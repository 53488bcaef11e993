"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# TensorFlow's greetings would bury pytest's summary; read when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

pytest_plugins = ["support.processes"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the few tests that take minutes first: begun last, they would leave the other processes idle."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real corpora (../shared/data) are not here")
    return SHARED


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory):
    """Folder of a BERT with random weights that knows a few word pieces, as keras-hub writes it."""
    keras_hub = pytest.importorskip("keras_hub", reason="the extra `encoder` is not installed")
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    pieces += ["joe", "biden", "paris", "##ing", "went", "to", "visited", "was", "in", ".", ","]
    folder = str(tmp_path_factory.mktemp("preset") / "tiny_bert")
    keras_hub.models.BertTokenizer(vocabulary=pieces, lowercase=True).save_to_preset(folder)
    keras_hub.models.BertBackbone(
        vocabulary_size=len(pieces), num_layers=1, num_heads=2, hidden_dim=32, intermediate_dim=64,
        max_sequence_length=64, dropout=0.0,
    ).save_to_preset(folder)  # fmt: skip
    return folder
