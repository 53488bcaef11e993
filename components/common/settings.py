"""Base class and value types of settings models.

Each component has one pydantic model in its `settings.py`. `configs/spec.py` composes them, `configs/base.yaml` holds
every default, and the model travels to the executor as one JSON property named `settings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Returns the validator of a text that matches a whole pattern; the error says what it must be in words.

    Example:
        >>> Zip = Annotated[str, matching("[0-9]{5}", "five digits")]
    """

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {meaning}")
        return text

    return AfterValidator(check)


def _number(value: object) -> object:
    """Refuses true and false, which pydantic reads as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


Integer = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
MOST = 2**31 - 1
"""Largest number of a count: ops of TensorFlow hold counts as int32."""

MOST_SEED = 2**32 - 1
"""Largest seed that NumPy accepts."""

Count = Annotated[Integer, Field(gt=0, le=MOST)]
NotNegative = Annotated[Integer, Field(ge=0, le=MOST)]
Positive = Annotated[Number, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0, le=1)]
Rate = Annotated[Number, Field(ge=0, lt=1)]
Limit = Annotated[Number, Field(gt=0, le=1)]
DottedPath = Annotated[
    str,
    matching(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[:.][A-Za-z_]\w*", "a path such as my_package.my_module:my_function"),
]


def flattened(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the values of nested sections by dotted name; an empty section is a value.

    Example:
        >>> dict(flattened({"trainer": {"epochs": 3, "options": {}}}))
        {'trainer.epochs': 3, 'trainer.options': {}}
    """
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


class Settings(BaseModel):
    """A frozen section of the configuration; an unknown key is an error.

    Example:
        >>> class Greeting(Settings):
        ...     times: Count
        >>> Greeting.model_validate_json('{"times": 3}').times
        3
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
