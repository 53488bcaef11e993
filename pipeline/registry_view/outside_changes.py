"""Warning about changes of a registry that were made with MLflow's own means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.common.console import announce

if TYPE_CHECKING:
    from components.registry.model_registry import ModelRegistry


def warn_of_outside_changes(registry: ModelRegistry, name: str) -> None:
    """Prints a line to standard error for each change that the history does not know.

    Raises:
        RegistryError: the registry cannot be read.
    """
    for change in registry.champions(name).outside_changes():
        announce(f"{name}: {change}", "yellow")
