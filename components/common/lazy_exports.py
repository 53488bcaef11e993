"""Public names of a package that are imported on first use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_exports(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Returns a `__getattr__` (PEP 562) for a package whose modules import TensorFlow or TFX.

    Args:
        package: `__name__` of the package.
        modules: public name -> module of the package that defines it.

    Example:
        >>> __getattr__ = lazy_exports("components.text", {"fold": "folding"})
        >>> __getattr__("fold")("İstanbul")
        'istanbul'
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return get
