"""Settings of the Exporter: the section `exporter` of the configuration."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag, field_validator

from components.common.settings import MOST, Count, DottedPath, Integer, Number, Positive, Settings, Share
from components.exporter.contract.contract import LEAST_CHARACTERS
from components.exporter.contract.contract_template import ContractTemplate
from components.exporter.errors import ExportError
from components.keys import FEATURE_FORWARD, KEYED, SERVING_DEFAULT, SERVING_EXAMPLES, UNKEYED
from components.text.tags import is_valid_tag, require_types, split_tag
from components.transform.features import SENTENCE

ForwardDtype = Literal["string", "float32", "int64"]
FORWARD_DTYPES = get_args(ForwardDtype)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class LimitsSettings(Settings):
    """Limits of the process in which a model is validated; configs/base.yaml explains each setting.

    tests/components/exporter/validator/test_limits.py shows models that reach them.
    """

    answer_seconds: Positive
    total_seconds: Positive
    memory_gb: Annotated[Number, Field(ge=1)]


class ExporterSettings(Settings):
    """Signatures, outputs and decoding of the exported model; configs/base.yaml explains each setting.

    tests/components/exporter/contract/test_contract.py shows the contracts of several settings.
    """

    default: Literal["plain", "keyed"]
    forward: dict[str, ForwardDtype]
    signatures: dict[str, DottedPath]
    outputs: tuple[Literal["tokens", "scores", "offsets", "entities"], ...]
    decoding: Literal["constrained", "best"]
    min_score: Annotated[
        Annotated[dict[str, Share], Tag("[key]")] | Annotated[Share, Tag("[value]")],  # messages leave these names out
        Discriminator(lambda value: "[key]" if isinstance(value, Mapping) else "[value]"),
    ]
    pad: str
    token_length: Count | None
    divide: bool
    max_characters: Annotated[Integer, Field(ge=LEAST_CHARACTERS, le=MOST)]
    allow_breaking_changes: bool
    golden_sentences: Count
    limits: LimitsSettings

    @field_validator("forward")
    @classmethod
    def _features_are_free(cls, forward: dict[str, str]) -> dict[str, str]:
        if taken := sorted({SENTENCE, *ContractTemplate.load().document["outputs"]} & {*forward}):
            raise ValueError(f"{_quoted(taken)} is already an input or output of the model; rename the feature")
        # TensorFlow names the arguments of a signature by the features, and changes or refuses other names.
        if wrong := [
            name for name in forward if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name == "self"
        ]:
            raise ValueError(
                f"the name {_quoted(wrong)} must be a letter, then letters, digits and _, and no keyword of Python; "
                "rename the feature"
            )
        return forward

    @field_validator("pad")
    @classmethod
    def _pad_is_no_tag(cls, pad: str) -> str:
        if is_valid_tag(pad):
            raise ValueError("is a tag; choose a text that is not, such as [PAD]")
        return pad

    @field_validator("signatures")
    @classmethod
    def _signatures_are_free(cls, signatures: dict[str, str]) -> dict[str, str]:
        own = {SERVING_DEFAULT, KEYED, UNKEYED, FEATURE_FORWARD, SERVING_EXAMPLES}
        if taken := sorted(own & {*signatures}):
            raise ValueError(f"{_quoted(taken)} is already a signature of the model; choose another name")
        if wrong := [name for name in signatures if not _NAME.fullmatch(name)]:
            raise ValueError(f"the name {_quoted(wrong)} must be a letter, then letters, digits and _")
        return signatures

    def min_scores(self, tags: Sequence[str]) -> dict[str, float]:
        """Returns the least score of an entity by type, for the types that have one above 0.

        Args:
            tags: tag vocabulary of the tagger, `[PAD]` first.

        Raises:
            NerError: `min_score` names a type that the tagger does not know, or no tag can replace an
                entity.

        Example: `test_least_scores_belong_to_the_types_of_the_tagger` (tests/components/exporter/test_min_scores.py).
        """
        types = sorted({kind for _, kind in map(split_tag, tags) if kind})
        by_type = self.min_score if isinstance(self.min_score, dict) else dict.fromkeys(types, self.min_score)
        require_types("exporter.min_score", by_type, tags)
        least = {name: by_type[name] for name in types if by_type.get(name)}
        if least and not any(not split_tag(tag)[0] for tag in tags[1:]):
            raise ExportError(
                "exporter.min_score: the training data has no token outside entities, so that no tag can take the "
                "place of an entity. Set it to 0."
            )
        return least

    @property
    def named_types(self) -> dict[str, list[str]]:
        """Setting -> entity types that it names."""
        return {"exporter.min_score": sorted(self.min_score)} if isinstance(self.min_score, dict) else {}

    @property
    def constrained(self) -> bool:
        """True if tags are always valid IOB2."""
        return self.decoding == "constrained"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
