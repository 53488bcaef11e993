"""One check of the validator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Check:
    """What is run, once or for every signature.

    Attributes:
        run: called with the context, and the signature's endpoint or name where there is one; returns what was seen or
            raises `CheckFailedError`.
        scope: `folder` (once), `signature` (for every one, before loading), `endpoint` (for every one, loaded).
    """

    run: Callable[..., str]
    scope: str

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__
