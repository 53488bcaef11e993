"""Settings of the Reporter: the section `card` of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.common.settings import Settings


class CardSettings(Settings):
    """Texts of the model card that no measurement provides; an empty one is omitted or marked as not stated.

    Attributes:
        intended_use: intended use of the model.
        out_of_scope: uses to avoid.
        languages: BCP 47 codes of the sentences' languages.
        data: name and licence of the corpus.
        license: SPDX identifier of the model's licence.
        contact: contact for questions.
    """

    intended_use: Annotated[str, Field(min_length=1)]
    out_of_scope: str
    languages: tuple[str, ...]
    data: str
    license: str
    contact: str
