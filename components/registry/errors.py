"""Errors of the model registry that a user can cause and mend."""

from __future__ import annotations

from components.common.errors import NerError


class RegistryError(NerError):
    """The registry, a model folder or the serving directory is not as it must be; the text says what to do."""


class PromotionRefusedError(RegistryError):
    """A version may not become champion; the text says why."""


class ChampionMovedError(PromotionRefusedError):
    """A promotion was refused because the champion is no longer the one the new version was compared with."""
