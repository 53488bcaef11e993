"""Settings of Transform, the section `transform` of the configuration."""

from __future__ import annotations

from typing import Literal

from components.common.settings import Count, Settings


class TransformSettings(Settings):
    """Tokenizer and vocabulary sizes; configs/base.yaml explains each setting.

    Example:
        >>> TransformSettings.model_validate_json('{"tokenizer": "words", "min_count": 2, "max_words": 9}').max_words
        9
    """

    tokenizer: Literal["auto", "words", "characters", "syllables", "whitespace"]
    min_count: Count
    max_words: Count
