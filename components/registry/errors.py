"""Errors of the model registry."""

from __future__ import annotations

from components.common.errors import NerError


class RegistryError(NerError):
    """Invalid state of the registry, a model folder or the serving directory."""


class PromotionRefusedError(RegistryError):
    """Refusal to make a version the champion."""


class ChampionMovedError(PromotionRefusedError):
    """Refusal because the champion has changed since the new version was compared with it."""
