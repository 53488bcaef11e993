"""The typed configuration: what may be set, and to what. base.yaml holds the defaults, and no other place does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from components.evaluator.blessing.rule import METRIC_PATTERN

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
# A trial has epochs of its own, and the transform graph is made before any.
_NOT_SEARCHED = {"tagger", "epochs", "encoder.preset", "encoder.max_pieces"}


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


class TransformerOptions(_Section):
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


class Vectors(_Section):
    """Pretrained word vectors of the production model."""

    path: str | None
    words: NotNegative
    frozen: bool
    dropout: Rate


class CnnLinearOptions(_Section):
    """Sizes and dropout rates of the production model."""

    embed_dim: Count
    width: Count
    dilations: Annotated[tuple[Count, ...], Field(min_length=1)]
    input_dropout: Rate
    dropout: Rate
    word_dropout: Rate
    subword_dropout: Rate
    linear_weights: Count
    linear_members: Count
    linear_dropout: Rate
    vectors: Vectors


class EncoderOptions(_Section):
    """A pretrained encoder and what stands on it."""

    preset: str | None
    max_pieces: Count
    dropout: Rate


class Trainer(_Section):
    """The tagger and its training."""

    tagger: Literal["transformer", "cnn_linear", "encoder"]
    transformer: TransformerOptions
    cnn_linear: CnnLinearOptions
    encoder: EncoderOptions
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
    devices: Literal["auto", "cpu", "gpu"]
    hosts: Count
    precision: Literal["float32", "bfloat16"]
    jit_compile: bool
    deterministic: bool
    accumulation_steps: Count
    checkpoint_steps: Count
    checkpoint_dir: str | None

    @model_validator(mode="after")
    def _windows_advance(self) -> Self:
        if self.window_size <= 2 * self.window_context:
            raise ValueError(f"window_size must be more than twice window_context ({self.window_context})")
        return self

    @model_validator(mode="after")
    def _encoder_can_be_trained(self) -> Self:
        if self.tagger == "encoder" and self.encoder.preset is None:
            raise ValueError("tagger encoder needs [trainer -> encoder -> preset], the folder or name of a preset")
        if self.tagger == "encoder" and self.jit_compile:
            raise ValueError("the encoder has rows of any length, which XLA cannot compile: set jit_compile to false")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What the Trainer is told: the options of the chosen tagger only."""
        values = self.model_dump(exclude={"transformer", "cnn_linear", "encoder", "checkpoint_dir"})
        return {**values, "tagger_options": getattr(self, self.tagger).model_dump(mode="json")}

    @property
    def pretrained(self) -> dict[str, dict[str, Any]]:
        """What the transform graph must know of the chosen tagger's pretrained parts; empty where it has none."""
        if self.tagger == "encoder":
            return {"encoder": self.encoder.model_dump(include={"preset", "max_pieces"})}
        if self.tagger == "cnn_linear" and self.cnn_linear.vectors.path is not None:
            return {"vectors": self.cnn_linear.vectors.model_dump(include={"path", "words"})}
        return {}


class Tuner(_Section):
    """A search for settings of the trainer."""

    enabled: bool
    trials: Count
    epochs: Count
    method: Literal["random", "bayesian"]
    space: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]]


class Exporter(_Section):
    """The signatures of the exported model."""

    default: Literal["plain", "keyed"]
    forward: dict[str, Literal["string", "float32", "int64"]]
    outputs: tuple[Literal["tokens", "scores", "offsets", "entities"], ...]
    decoding: Literal["constrained", "best"]
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


class BlessingRule(_Section):
    """What one metric must reach, on all examples or on slices."""

    metric: Annotated[str, Field(pattern=METRIC_PATTERN)] = "entity_f1"
    slice: str = ""
    min: Share | None = None
    max_regression: Share | None = None
    min_support: NotNegative | None = None

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        if self.min is None and self.max_regression is None:
            raise ValueError("a rule needs min, max_regression or both")
        return self


class Evaluator(_Section):
    """How a model is scored, and what it must reach to be blessed."""

    min_f1: Share
    max_regression: Share
    rules: tuple[BlessingRule, ...]
    min_support: NotNegative
    slices: tuple[str, ...]
    sentence_length: tuple[Count, ...]
    entity_length: tuple[Count, ...]
    bootstrap: NotNegative

    @field_validator("sentence_length", "entity_length")
    @classmethod
    def _rises(cls, uppers: tuple[int, ...]) -> tuple[int, ...]:
        if sorted(set(uppers)) != list(uppers):
            raise ValueError("must rise from one number to the next")
        return uppers


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


class Card(_Section):
    """What the model card says that no figure tells."""

    intended_use: Annotated[str, Field(min_length=1)]
    out_of_scope: str
    languages: tuple[str, ...]
    data: str
    license: str
    contact: str


class Beam(_Section):
    """How the data work is run."""

    args: tuple[str, ...]


def _with(trainer: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Changes one setting of the trainer, or one option of a tagger such as `cnn_linear.dropout`."""
    section, _, option = name.rpartition(".")
    values: Any = trainer.get(section) if section else trainer
    taken = values.get(option) if isinstance(values, dict) else None
    if taken is None or isinstance(taken, dict) or name in _NOT_SEARCHED:
        raise ValueError(f"[tuner -> space] {name} is no setting of the trainer that a search can change")
    changed: dict[str, Any] = {**values, option: value}
    return {**trainer, section: changed} if section else changed


class PipelineConfig(_Section):
    """A whole run."""

    name: Name
    work_dir: Path
    corpus: Corpus
    schema_path: Annotated[Path | None, Field(alias="schema")]
    transform: Transform
    trainer: Trainer
    tuner: Tuner
    exporter: Exporter
    evaluator: Evaluator
    registry: Registry
    card: Card
    drift: Drift
    retrain: Retrain
    beam: Beam

    @model_validator(mode="after")
    def _space_is_legal(self) -> Self:
        """Sets each value of the search space, one at a time."""
        for name, values in self.tuner.space.items():
            for value in values:
                try:
                    Trainer.model_validate(_with(self.trainer.model_dump(), name, value))
                except ValidationError as error:
                    problem = error.errors()[0]["msg"].removeprefix("Value error, ")
                    raise ValueError(f"[tuner -> space] {name} cannot be {value!r}: {problem}") from None
        return self

    @property
    def registry_uri(self) -> str:
        """MLflow's tracking URI."""
        return self.registry.uri or f"sqlite:///{self.work_dir.absolute() / 'registry' / 'mlflow.db'}"

    @property
    def checkpoint_dir(self) -> str:
        """Where the Trainer keeps its state: a path, absolute, or an address such as gs://."""
        return self.trainer.checkpoint_dir or str(self.work_dir.absolute() / "checkpoints")

    @property
    def serving_dir(self) -> Path:
        """Folder that TensorFlow Serving reads, absolute."""
        return (self.registry.serving_dir or self.work_dir / "serving").absolute()
