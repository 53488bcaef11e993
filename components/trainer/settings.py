"""Settings of the Trainer: the section `trainer` of the configuration."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator
from typing_extensions import Self

from components.common.settings import (
    MOST_SEED,
    Count,
    Integer,
    NotNegative,
    Positive,
    Rate,
    Settings,
    Share,
    flattened,
)

BUILT_IN_TAGGERS = ("cnn_linear", "transformer", "encoder")
AUTO = "auto"
"""Value of a setting that `TrainerSettings.for_windows` chooses by the size of the train split."""

_Value = TypeVar("_Value")
_Auto = Annotated[
    Annotated[_Value, Tag("[value]")] | Annotated[Literal["auto"], Tag(AUTO)],
    Discriminator(lambda value: AUTO if value == AUTO else "[value]"),
]
_CLASS_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*")


class TransformerOptions(Settings):
    """Sizes and dropout rates of the tagger `transformer`."""

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


class VectorOptions(Settings):
    """Pretrained word vectors of the tagger `cnn_linear`."""

    path: str | None
    words: NotNegative
    frozen: bool
    dropout: Rate


class CnnLinearOptions(Settings):
    """Sizes and dropout rates of the tagger `cnn_linear`."""

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
    linear_optimizer: Literal["auto", "adam", "lbfgs"]
    network_share: _Auto[Share]
    vectors: VectorOptions


class EncoderOptions(Settings):
    """Pretrained encoder of the tagger `encoder`, and its head."""

    preset: str | None
    max_pieces: Count
    dropout: Rate


class TrainerSettings(Settings):
    """Tagger and training run; configs/base.yaml explains each setting."""

    tagger: str
    transformer: TransformerOptions
    cnn_linear: CnnLinearOptions
    encoder: EncoderOptions
    options: dict[str, Any]
    teacher: Annotated[str, Field(coerce_numbers_to_str=True)] | None  # a version is a number
    unlabelled: tuple[str, ...]
    teacher_min_score: Share
    window_size: Count
    window_context: NotNegative
    batch_size: _Auto[Count]
    epochs: Count
    epoch_steps: NotNegative
    patience: _Auto[Count]
    learning_rate: Positive
    warmup: Rate
    clip_norm: Positive
    averaging: Rate
    seed: Annotated[Integer, Field(ge=0, le=MOST_SEED)]
    devices: Literal["auto", "cpu", "gpu"]
    hosts: Count
    precision: Literal["float32", "bfloat16"]
    jit_compile: bool
    deterministic: bool
    accumulation_steps: Count
    checkpoint_steps: Count
    checkpoint_dir: str | None

    @field_validator("tagger")
    @classmethod
    def _is_a_name_or_path(cls, tagger: str) -> str:
        if tagger not in BUILT_IN_TAGGERS and not _CLASS_PATH.fullmatch(tagger):
            raise ValueError(
                f"must be {', '.join(BUILT_IN_TAGGERS)} or the path of a class such as my_package.my_module:MyTagger"
            )
        return tagger

    @field_validator("options")
    @classmethod
    def _options_belong_to_the_tagger(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        tagger = info.data.get("tagger")
        if options and tagger in BUILT_IN_TAGGERS:
            raise ValueError(f"only for a tagger by path; set trainer.{tagger}.* for {tagger}")
        return options

    @model_validator(mode="after")
    def _windows_advance(self) -> Self:
        if self.window_size <= 2 * self.window_context:
            raise ValueError(f"window_size must be more than twice window_context ({self.window_context})")
        return self

    @model_validator(mode="after")
    def _encoder_can_be_trained(self) -> Self:
        if self.tagger == "encoder" and self.encoder.preset is None:
            raise ValueError("tagger encoder needs trainer.encoder.preset, the folder or name of a preset")
        if self.tagger == "encoder" and self.jit_compile:
            raise ValueError("XLA cannot compile the encoder, whose rows have any length: set jit_compile to false")
        return self

    @model_validator(mode="after")
    def _a_teacher_has_texts(self) -> Self:
        if (self.teacher is None) != (not self.unlabelled):
            missing = "teacher" if self.teacher is None else "unlabelled"
            raise ValueError(f"teacher and unlabelled belong together: set trainer.{missing}, too")
        return self

    @property
    def tagger_section(self) -> str:
        """Name of the section with the options of the selected tagger."""
        return self.tagger if self.tagger in BUILT_IN_TAGGERS else "options"

    @property
    def tagger_package(self) -> str | None:
        """Top-level package of a tagger by path; None for a built-in one."""
        return None if self.tagger in BUILT_IN_TAGGERS else re.split("[.:]", self.tagger)[0]

    @property
    def tagger_options(self) -> dict[str, Any]:
        """Options of the selected tagger, as JSON values."""
        return dict(self.model_dump(mode="json")[self.tagger_section])

    @property
    def pretrained(self) -> dict[str, dict[str, Any]]:
        """Parts that the transform graph depends on: `encoder` or `vectors` of the tagger, and `unlabelled` texts."""
        parts: dict[str, dict[str, Any]] = {"unlabelled": {}} if self.unlabelled else {}
        if self.tagger == "encoder":
            return parts | {"encoder": self.encoder.model_dump(include={"preset", "max_pieces"})}
        if self.tagger == "cnn_linear" and self.cnn_linear.vectors.path is not None:
            return parts | {"vectors": self.cnn_linear.vectors.model_dump(include={"path", "words"})}
        return parts

    def selected(self) -> dict[str, Any]:
        """Returns every setting by its dotted name as a JSON value, without the options of other taggers."""
        others = {*BUILT_IN_TAGGERS, "options"} - {self.tagger_section}
        return dict(flattened(self.model_dump(mode="json", exclude=others)))

    def for_windows(self, windows: int, earlier_share: float | None = None) -> SizedSettings:
        """Returns the settings with a value in place of each `auto`.

        Args:
            windows: number of windows (sentences, or parts of long ones) in the train split.
            earlier_share: network's share of the model to start from, which may have seen more windows; None: none. Its
                linear experts continue with Adam.

        Example (the default settings have `auto` values; `tests/components/trainer/test_settings.py`):

            settings.for_windows(300).batch_size
        """
        size = _size(windows)
        chosen = {
            "batch_size": size.batch_size,
            "patience": size.patience or self.epochs,
            "cnn_linear.network_share": max(size.network_shares[0], earlier_share or 0.0),
            "cnn_linear.linear_optimizer": size.linear_optimizer if earlier_share is None else "adam",
        }
        replaced = self.replace({name: value for name, value in chosen.items() if self[name] == AUTO})
        return SizedSettings.model_validate(replaced.model_dump())

    def other_network_shares(self, windows: int) -> tuple[float, ...]:
        """Returns the shares that the eval split may choose in place of the one of `for_windows`.

        Args:
            windows: number of windows in the train split.
        """
        chosen = self.tagger == "cnn_linear" and self.cnn_linear.network_share == AUTO
        return _size(windows).network_shares[1:] if chosen else ()

    def __getitem__(self, name: str) -> Any:
        """Returns one setting by its name below `trainer`, for example `learning_rate` or `cnn_linear.dropout`.

        Raises:
            KeyError: the settings have no such value, or it is a section.
        """
        value: Any = self
        for part in name.split("."):
            if isinstance(value, dict):
                value = value[part]
            elif isinstance(value, Settings) and part in type(value).model_fields:
                value = getattr(value, part)
            else:
                raise KeyError(name)
        if isinstance(value, Settings):
            raise KeyError(name)
        return value

    def replace(self, values: Mapping[str, Any]) -> Self:
        """Returns a copy with other values by name, validated like the configuration.

        Raises:
            KeyError: a name is not a setting.
            pydantic.ValidationError: a value is not valid.
        """
        changed = self.model_dump()
        for name, value in values.items():
            self[name]
            *sections, last = name.split(".")
            section = changed
            for part in sections:
                section = section[part]
            section[last] = value
        return type(self).model_validate(changed)


class SizedSettings(TrainerSettings):
    """Trainer settings without `auto`, for a train split of a known size."""

    batch_size: Count
    patience: Count


class _Size(NamedTuple):
    """Settings for train splits of up to so many windows (measured: docs/training.md)."""

    most_windows: float
    batch_size: int
    patience: int | None  # None: all epochs, because the scores of a small eval split jump
    network_shares: tuple[float, ...]  # the first is that of the training, the eval split may choose another
    linear_optimizer: str


_SIZES = (
    _Size(500, 8, None, (0.2,), "lbfgs"),
    _Size(2000, 16, None, (0.2,), "adam"),
    _Size(math.inf, 32, 4, (0.35, 0.2), "adam"),
)


def _size(windows: int) -> _Size:
    return next(size for size in _SIZES if windows <= size.most_windows)
