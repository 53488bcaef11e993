"""Settings of Transform: the section `transform` of the configuration."""

from __future__ import annotations

from typing import Literal

from components.common.settings import Count, Settings


class TransformSettings(Settings):
    """Tokenizer and vocabulary sizes; configs/base.yaml explains each setting."""

    tokenizer: Literal["words", "whitespace"]
    min_count: Count
    max_words: Count
