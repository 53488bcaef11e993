"""One known way in which an export goes wrong."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Pitfall:
    """What the validator says of a mistake, and what docs/pitfalls.md says.

    Attributes:
        title: the mistake in a few words.
        symptom: how it shows, mostly too late.
        cause: why.
        cure: what to do.
    """

    title: str
    symptom: str
    cause: str
    cure: str
