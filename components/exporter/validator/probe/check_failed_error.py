"""A check that did not pass."""

from __future__ import annotations

from .pitfalls import PITFALLS


class CheckFailedError(Exception):
    """Says what was found; the pitfall says why that happens and what to do.

    Attributes:
        detail: what was found.
        pitfall: a key of `PITFALLS`.
    """

    def __init__(self, pitfall: str, detail: str) -> None:
        """Keeps both."""
        super().__init__(detail)
        self.detail = detail
        self.pitfall = pitfall

    @property
    def fix(self) -> str:
        """What to do."""
        return PITFALLS[self.pitfall].cure
