"""How a registry is read, whatever it lies in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from components.registry.store.registered_version import RegisteredVersion


class RegistryReader(Protocol):
    """Reads versions as MLflow has them: aliases are MLflow's, and not yet those of the history."""

    def aliases(self, name: str) -> dict[str, int]:
        """Alias -> version number; empty when there is no such registered model."""

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """One version, without its aliases; None when it is not there or deleted."""

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """All versions that have these tags, oldest first, without their aliases."""
