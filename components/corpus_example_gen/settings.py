"""Settings of CorpusExampleGen: the section `corpus` of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from components.common.settings import Count, Integer, NotNegative, Positive, Settings, Share
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.text.tags import OUTSIDE_LABELS, is_valid_tag

Format = Literal[
    "auto", "columns", "tsv", "conll2012", "jsonl", "doccano", "prodigy", "label_studio", "label_studio_min", "ubiai",
    "sagemaker", "azure", "google", "brat", "spacy_pairs", "spacy_docs", "spacy_json", "hugging_face", "gliner",
    "spert", "dygie", "docred", "spans", "inline",
]  # fmt: skip
"""Formats of files; `auto` finds it by looking."""

_COLUMNS = frozenset({"conll", "conll2002", "conll2003", "conllu", "iob", "iob2", "bio", "bio2", "bioes", "bilou"})


class CorpusSettings(Settings):
    """Location and format of the corpus; configs/base.yaml explains each setting."""

    path: Path | None
    span: Annotated[Integer, Field(ge=0)] | None  # may be a date with a time
    span_window: Count
    duplicates: Literal["remove", "keep"] | None
    documents: Literal["auto", "together", "apart"]
    sentences: Literal["auto", "split", "keep"]
    splits: dict[Literal["train", "eval", "test"], str] | None
    format: Format
    token_column: NotNegative | None
    tag_column: NotNegative | None
    scheme: Literal["auto", "io"]
    offsets: Literal["auto", "characters", "utf16", "bytes"]
    outside: str | None
    overlaps: Literal["longest", "refuse"]
    drop_types: tuple[str, ...]
    metadata: tuple[str, ...]
    max_repaired: Share
    on_error: Literal["fail", "skip"]
    min_raw_text_survival: Share
    max_unpacked_bytes: Annotated[Integer, Field(gt=0)]
    max_compression_ratio: Positive
    sample_seed: Integer

    @field_validator("format", mode="before")
    @classmethod
    def _conll_is_columns(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in _COLUMNS:
            raise ValueError(f"{value} files have the format columns (a token and its tag in each line); write columns")
        return value

    @field_validator("outside", mode="before")
    @classmethod
    def _number_is_a_label(cls, value: Any) -> Any:
        return str(value) if type(value) is int else value

    @field_validator("outside")
    @classmethod
    def _outside_is_not_an_entity(cls, outside: str | None) -> str | None:
        if outside is not None and is_valid_tag(outside) and outside not in OUTSIDE_LABELS:
            raise ValueError("is the tag of an entity; give the label of tokens outside entities")
        return outside

    @property
    def window(self) -> SpanWindow:
        """Spans to read."""
        return SpanWindow(self.span, self.span_window)
