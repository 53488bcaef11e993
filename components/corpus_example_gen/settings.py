"""Settings of CorpusExampleGen: the section `corpus` of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from components.common.settings import Count, NotNegative, Settings


class CorpusSettings(Settings):
    """Location and format of the corpus; configs/base.yaml explains each setting."""

    path: Path | None
    span: NotNegative | None
    span_window: Count
    duplicates: Literal["remove", "keep"] | None
    splits: dict[Literal["train", "eval", "test"], str] | None
    format: Literal["auto", "columns", "tsv", "jsonl"]
    token_column: NotNegative | None
    tag_column: NotNegative | None
    scheme: Literal["auto", "io"]
    drop_types: tuple[str, ...]
    metadata: tuple[str, ...]
    on_error: Literal["fail", "skip"]
    sample_seed: int
