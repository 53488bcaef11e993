"""The configuration travels through TFX's custom_config."""

from __future__ import annotations

import pytest
from tfx.utils import proto_utils

from components.corpus_example_gen.plan import IngestConfig
from components.corpus_example_gen.readers.read_options import ReadOptions


def test_config_comes_back_as_it_was():
    config = IngestConfig(
        ReadOptions(drop_types=("OTH",), token_column=0, on_error="skip"), ("topic",), True, 3, True, "f", "abc"
    )
    assert IngestConfig.unpack(proto_utils.proto_to_json(config.pack())) == config


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_gives_the_defaults(nothing):
    assert IngestConfig.unpack(nothing) == IngestConfig()


def test_code_version_changes_the_message():
    assert IngestConfig(code_version="1").pack() != IngestConfig(code_version="2").pack()
