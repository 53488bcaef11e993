"""The typed configuration: what may be set, and to what. base.yaml holds the defaults, and no other place does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Count = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Limit = Annotated[float, Field(gt=0, le=1)]
# TFX and MLflow use the name in paths and URIs.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


# Inputs and outputs of the exported model (schemas/serving_contract.yaml).
_TAKEN = {"sentence", "tokens", "tags", "scores", "starts", "ends", "truncated"}
_TAKEN |= {f"entity_{name}" for name in ("texts", "types", "starts", "ends", "scores")}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Corpus(_Section):
    """Where the sentences are and how they are read."""

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


class Transform(_Section):
    """From sentences to ids."""

    tokenizer: Literal["words", "whitespace"]
    min_count: Count
    max_words: Count


class ArticleOptions(_Section):
    """Sizes of the article's model."""

    embed_dim: Count
    num_heads: Count
    ff_dim: Count
    rate: Share
    word_dropout: Share

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.embed_dim % self.num_heads:
            raise ValueError(f"embed_dim must be a multiple of num_heads ({self.num_heads})")
        return self


class ProductionOptions(_Section):
    """Sizes and dropout rates of the production model."""

    embed_dim: Count
    width: Count
    dilations: Annotated[tuple[Count, ...], Field(min_length=1)]
    input_dropout: Rate
    dropout: Rate
    word_dropout: Rate
    subword_dropout: Rate


class Trainer(_Section):
    """The tagger and its training."""

    tagger: Literal["article", "production"]
    article: ArticleOptions
    production: ProductionOptions
    window_size: Count
    window_context: NotNegative
    batch_size: Count
    epochs: Count
    patience: Count
    learning_rate: Annotated[float, Field(gt=0)]
    warmup: Rate
    clip_norm: Annotated[float, Field(gt=0)]
    averaging: Rate
    seed: NotNegative

    @model_validator(mode="after")
    def _windows_advance(self) -> Self:
        if self.window_size <= 2 * self.window_context:
            raise ValueError(f"window_size must be more than twice window_context ({self.window_context})")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What the Trainer is told: the options of the chosen tagger only."""
        values = self.model_dump(exclude={"article", "production"})
        return {**values, "tagger_options": getattr(self, self.tagger).model_dump(mode="json")}


class Exporter(_Section):
    """The signatures of the exported model."""

    default: Literal["plain", "keyed"]
    forward: dict[str, Literal["string", "float32", "int64"]]
    outputs: tuple[Literal["tokens", "scores", "offsets", "entities"], ...]
    decoding: Literal["legal", "best"]
    pad: str
    token_length: Count | None
    allow_breaking_changes: bool
    golden_sentences: Count

    @field_validator("forward")
    @classmethod
    def _names_are_free(cls, forward: dict[str, str]) -> dict[str, str]:
        taken = sorted(_TAKEN & set(forward))
        if taken:
            raise ValueError(f"cannot forward {', '.join(taken)}: the model's own inputs and outputs have these names")
        return forward


class Evaluator(_Section):
    """What a model must reach to be blessed."""

    min_f1: Share
    max_regression: Share
    slices: tuple[str, ...]


class Registry(_Section):
    """Where blessed models go."""

    uri: str | None
    serving_dir: Path | None
    keep_versions: NotNegative


class Drift(_Section):
    """How far new data may lie from the champion's."""

    action: Literal["ignore", "warn", "stop"]
    min_sentences: NotNegative
    types: Limit | None
    length: Limit | None
    columns: Limit | None
    unknown: Limit | None
    requests: Path | None


class Retrain(_Section):
    """When to train anew, and how."""

    warm_start: bool
    max_age_days: Annotated[float, Field(gt=0)] | None
    scores: Path | None
    score_drop: Share


class Beam(_Section):
    """How the data work is run."""

    args: tuple[str, ...]


class PipelineConfig(_Section):
    """A whole run."""

    name: Name
    work_dir: Path
    corpus: Corpus
    schema_path: Annotated[Path | None, Field(alias="schema")]
    transform: Transform
    trainer: Trainer
    exporter: Exporter
    evaluator: Evaluator
    registry: Registry
    drift: Drift
    retrain: Retrain
    beam: Beam

    @property
    def registry_uri(self) -> str:
        """MLflow's tracking URI."""
        return self.registry.uri or f"sqlite:///{self.work_dir.absolute() / 'registry' / 'mlflow.db'}"

    @property
    def serving_dir(self) -> Path:
        """Folder that TensorFlow Serving reads, absolute."""
        return (self.registry.serving_dir or self.work_dir / "serving").absolute()
