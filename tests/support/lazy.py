"""Modules that are imported on first use, so that collecting tests does not load TensorFlow."""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """A module that is imported when one of its attributes is first read.

    Example:
        tf = LazyModule("tensorflow")
    """

    def __init__(self, name: str) -> None:
        """Remembers the module's dotted name."""
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Imports the module and reads the attribute."""
        if attribute.startswith("__") or attribute == "_mock_name":  # pytest reads these while it collects
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
