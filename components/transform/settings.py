"""Settings of Transform, the section `transform` of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from components.common.settings import Count, Settings, matching

_MOST_TYPES = 60  # a match is an integer with a bit for each type


class GazetteerSettings(Settings):
    """File of names of one type.

    Example:
        >>> GazetteerSettings(path="cities.txt", type="CITY").case
        'folded'
    """

    path: Annotated[str, Field(min_length=1)]
    type: Annotated[str, matching("[A-Za-z0-9_-]+", "letters, digits, _ and -")]
    # The defaults are here, because a list has none in base.yaml.
    case: Literal["folded", "exact"] = "folded"
    endings: tuple[str, ...] = ()

    @field_validator("endings")
    @classmethod
    def _endings_are_lower_case(cls, endings: tuple[str, ...]) -> tuple[str, ...]:
        for ending in endings:
            if not ending or ending.split() != [ending] or ending != ending.lower():
                raise ValueError(f"{ending!r} is not the ending of a word in lower case")
        return endings


class TransformSettings(Settings):
    """Tokenizer and vocabulary sizes; configs/base.yaml explains each setting.

    Example:
        >>> TransformSettings(tokenizer="words", min_count=2, max_words=9, gazetteers=(), clusters=None).max_words
        9
    """

    tokenizer: Literal["auto", "words", "characters", "syllables", "whitespace"]
    min_count: Count
    max_words: Count
    gazetteers: tuple[GazetteerSettings, ...]
    clusters: Annotated[str, Field(min_length=1)] | None

    @field_validator("gazetteers")
    @classmethod
    def _types_are_few(cls, gazetteers: tuple[GazetteerSettings, ...]) -> tuple[GazetteerSettings, ...]:
        if len({gazetteer.type for gazetteer in gazetteers}) > _MOST_TYPES:
            raise ValueError(f"at most {_MOST_TYPES} types; give several files the same type")
        return gazetteers
