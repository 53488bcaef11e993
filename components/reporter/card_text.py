"""Texts of the model card that cannot be derived from the model."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class CardText:
    """Section `card` of the configuration.

    Attributes:
        intended_use: intended use of the model.
        out_of_scope: uses to avoid; empty: omitted.
        languages: BCP 47 codes of the sentences' languages; empty: unknown.
        data: name and licence of the corpus; empty: unknown.
        license: SPDX identifier of the model's licence; empty: unknown.
        contact: contact for questions; empty: omitted.
    """

    intended_use: str
    out_of_scope: str = ""
    languages: tuple[str, ...] = ()
    data: str = ""
    license: str = ""
    contact: str = ""
