"""What only people know of a model."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class CardText:
    """The part of a model card that no figure tells; the section `card` of the configuration.

    Attributes:
        intended_use: what the model is for.
        out_of_scope: what it must not be used for; empty: nothing is said.
        languages: of the sentences, as BCP 47 codes; empty: unknown.
        data: which corpus it is, and under which licence; empty: unknown.
        license: of the model, an SPDX identifier; empty: unknown.
        contact: whom to ask; empty: nobody is named.
    """

    intended_use: str
    out_of_scope: str = ""
    languages: tuple[str, ...] = ()
    data: str = ""
    license: str = ""
    contact: str = ""
