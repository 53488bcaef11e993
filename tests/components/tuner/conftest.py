"""Settings to search around."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def tagger_settings():
    """Of a training that takes seconds."""
    from components.trainer.settings import TrainerSettings
    from configs.loading import load_config

    small = "{tagger: cnn_linear, window_size: 16, window_context: 2, epochs: 2, learning_rate: 0.01, devices: cpu}"
    tiny = "{embed_dim: 16, width: 16, dilations: [1, 2], dropout: 0.1, linear_weights: 1000}"
    return TrainerSettings(**load_config(None, [f"trainer={small}", f"trainer.cnn_linear={tiny}"]).trainer.settings)
