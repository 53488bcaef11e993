"""Settings of the Reporter: the section `card` of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.common.settings import Settings


class CardSettings(Settings):
    """Statements of the model card that no measurement gives; configs/base.yaml explains each setting."""

    intended_use: Annotated[str, Field(min_length=1)]
    out_of_scope: str
    languages: tuple[str, ...]
    data: str
    license: str
    contact: str
