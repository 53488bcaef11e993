"""Settings for tests: the defaults of configs/base.yaml with changes."""

from __future__ import annotations

from functools import cache
from typing import Any

from components.corpus_example_gen.settings import CorpusSettings
from components.exporter.settings import ExporterSettings
from components.trainer.settings import TrainerSettings
from configs.loading import load_config

TINY = {
    "transformer.embed_dim": 16, "transformer.ff_dim": 16, "transformer.rate": 0.1, "transformer.word_dropout": 0.1,
    "cnn_linear.embed_dim": 16, "cnn_linear.width": 16, "cnn_linear.dilations": [1, 2],
    "cnn_linear.input_dropout": 0.1, "cnn_linear.dropout": 0.1, "cnn_linear.word_dropout": 0.1,
    "cnn_linear.subword_dropout": 0.1, "cnn_linear.linear_weights": 20_000, "cnn_linear.linear_members": 2,
    "cnn_linear.linear_dropout": 0.1, "cnn_linear.network_share": 0.35,
    "cnn_linear.linear_optimizer": "adam",
    "window_size": 16, "window_context": 2, "batch_size": 32, "epochs": 5, "epoch_steps": 0, "patience": 3,
    "learning_rate": 0.01, "warmup": 0.0, "averaging": 0.9, "devices": "cpu",
}  # fmt: skip
"""Trainer settings of a training that takes seconds."""


def trainer_settings(**changes: Any) -> TrainerSettings:
    """Returns `TINY` settings with changes; `__` stands for a dot: `cnn_linear__dropout=0.2`."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return load_config(None).trainer.replace({**TINY, **named})


def corpus_settings(**changes: Any) -> CorpusSettings:
    """Returns the default settings of a corpus with changes."""
    return CorpusSettings.model_validate({**_corpus_defaults(), **changes})


@cache
def _corpus_defaults() -> dict[str, Any]:
    return load_config(None).corpus.model_dump()


def exporter_settings(**changes: Any) -> ExporterSettings:
    """Returns settings of a plain export (no forwarded features, best tags) with changes."""
    plain = {"default": "plain", "forward": {}, "decoding": "best"}
    return ExporterSettings.model_validate({**load_config(None).exporter.model_dump(), **plain, **changes})
